"""A resolved Trino query as DuckDB SQL. Semantics live in `macros`; names in `functions`."""

from sqlglot import exp

from engage_cli.local.athena import functions
from engage_cli.local.athena.errors import not_supported
from engage_cli.local.athena.hoist import hoist

_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "eq", exp.NEQ: "neq", exp.LT: "lt", exp.LTE: "lte", exp.GT: "gt", exp.GTE: "gte",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expression], str] = {
    exp.Div: "div", exp.Mod: "mod", exp.Add: "plus", exp.Sub: "minus", exp.DPipe: "concat",
}  # fmt: skip
_INTEGER_CASTS = {"TINYINT", "SMALLINT", "INT", "BIGINT"}
_ALLOWED_CLASSES = (
    exp.Cast,
    exp.TryCast,
    exp.Extract,
    exp.Substring,
    exp.StrPosition,
    exp.Trim,
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Array,
    exp.Unnest,
    exp.CurrentDate,
    exp.CurrentTimestamp,
    exp.Localtimestamp,
    exp.Exists,
    exp.And,
    exp.Or,
    exp.Anonymous,
)
_EXTRACT = {
    "DOW": "isodow",
    "DAY_OF_WEEK": "isodow",
    "WEEK": "weekofyear",
    "YOW": "isoyear",
    "DOY": "dayofyear",
}


def typed(node: exp.Expression) -> exp.Expression:
    """Give a literal its Trino type; DuckDB would otherwise let it take any type that fits."""
    if isinstance(node, exp.Literal):
        if node.is_string:
            return exp.cast(node, "VARCHAR")
        text = str(node.this)
        if text.isdigit():
            return exp.cast(node, "INT" if int(text) < 2**31 else "BIGINT")
    return node


def _macro(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=f"trino_{name}", expressions=[typed(a) for a in arguments])


def _binary(node: exp.Expression, name: str) -> exp.Expression | None:
    left, right = node.this, node.expression
    opaque = (exp.Null, exp.Tuple, exp.Any, exp.All)
    if isinstance(left, opaque) or isinstance(right, opaque):
        return None
    if isinstance(left, exp.Literal) and isinstance(right, exp.Literal) and name in ("plus", "minus"):
        return None
    if name in _CHAINS and _is_chain(left, name) and not right.find(exp.Interval):
        return type(node)(this=left, expression=_macro(_CHAINS[name], right))
    return _macro(name, left, right)


# DuckDB binds a macro's argument once for each level above it, so `a + b + ... + n` as nested macros takes
# time that doubles with every term. From the third term on, each is checked by itself.
_CHAINS = {"plus": "term", "minus": "term", "concat": "part"}


def _is_chain(left: exp.Expression, name: str) -> bool:
    """Whether `left` is already a sum (or a concatenation) of two or more, without intervals."""
    heads = ("trino_concat",) if name == "concat" else ("trino_plus", "trino_minus")
    links = (exp.DPipe,) if name == "concat" else (exp.Add, exp.Sub)
    if isinstance(left, links):
        return True
    return isinstance(left, exp.Anonymous) and left.this in heads and not left.find(exp.Interval)


def _cast(node: exp.Expression) -> exp.Expression | None:
    target: exp.DataType = node.args["to"]
    kind = target.this.value
    attempt = "try_" if isinstance(node, exp.TryCast) else ""
    literal = isinstance(node.this, exp.Literal) and node.this.is_string
    if kind in _INTEGER_CASTS:
        return _macro(f"{attempt}cast_{'integer' if kind == 'INT' else kind.lower()}", node.this)
    if kind == "DATE" and not (literal and not attempt):
        return _macro(f"{attempt}cast_date", node.this)
    if kind in ("VARCHAR", "TEXT", "CHAR"):
        text = _macro(f"{attempt}cast_varchar", node.this)
        if target.expressions:
            size = target.expressions[0].this
            return exp.Anonymous(this="substr", expressions=[text, exp.Literal.number(1), size])
        return text
    if kind.startswith("TIMESTAMP"):
        target.set("expressions", [])
    if kind == "DECIMAL" and not target.expressions:
        if literal:  # DECIMAL '1.50' has the precision that is written
            digits = str(node.this.this).lstrip("+-")
            scale = len(digits.partition(".")[2])
            sizes = (max(1, len(digits.replace(".", ""))), scale)
        else:
            sizes = (38, 0)
        params = [exp.DataTypeParam(this=exp.Literal.number(size)) for size in sizes]
        target.set("expressions", params)
    if kind in ("JSON", "HLLSKETCH", "USERDEFINED", "IPADDRESS", "UUID"):
        raise not_supported(f"CAST to {kind}")
    return None


def _between(node: exp.Between) -> exp.Expression:
    low = _macro("gte", node.this.copy(), node.args["low"])
    high = _macro("lte", node.this, node.args["high"])
    return exp.Paren(this=exp.And(this=low, expression=high))


def _rewritten(node: exp.Expression) -> exp.Expression | None:
    """Return what replaces a node whose children are already translated, or None to keep it."""
    if isinstance(node, exp.Anonymous):
        rendered = functions.render(node, node.expressions)
        if isinstance(rendered, exp.Anonymous) and str(rendered.this).startswith("trino_"):
            rendered.set("expressions", [typed(argument) for argument in rendered.expressions])
        return rendered
    if type(node) in _COMPARISONS:
        return _binary(node, _COMPARISONS[type(node)])
    if type(node) in _ARITHMETIC:
        return _binary(node, _ARITHMETIC[type(node)])
    if isinstance(node, exp.Between):
        return _between(node)
    if isinstance(node, exp.In):
        node.set("expressions", [typed(value) for value in node.expressions])
        return None
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.Extract):
        part = str(node.this.name).upper()
        name = _EXTRACT.get(part, part.lower())
        return exp.Anonymous(this=name, expressions=[node.expression])
    if isinstance(node, exp.Substring):
        arguments = [
            node.this,
            node.args["start"],
            *([node.args["length"]] if node.args.get("length") else []),
        ]
        return _macro(f"substr{len(arguments)}", *arguments)
    if isinstance(node, exp.HexString):
        return exp.Anonymous(this="unhex", expressions=[exp.Literal.string(node.this)])
    if isinstance(node, exp.Func) and not isinstance(node, _ALLOWED_CLASSES):
        raise not_supported(node.sql(dialect="trino").partition("(")[0])
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise not_supported(f"Table function {node.this.sql(dialect='trino').partition('(')[0]}")
    return None


def translate(tree: exp.Expression) -> exp.Expression:
    """Return a copy of `tree` in DuckDB's terms. Raises QueryError for what has no exact twin."""
    root = hoist(tree)
    # Children come before parents; nodes made on the way are not visited again.
    for node in reversed(list(root.walk())):
        replacement = _rewritten(node)
        if replacement is None:
            continue
        if node is root:
            root = replacement
        else:
            node.replace(replacement)
    return root


def to_duckdb(tree: exp.Expression) -> str:
    """Return translated SQL text, every identifier quoted."""
    return str(translate(tree).sql(dialect="duckdb", identify=True, normalize_functions=False))
