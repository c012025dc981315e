"""Settings: where a value comes from, and what is refused."""

from pathlib import Path

import pytest

from engage_cli.config import load_settings
from engage_cli.errors import UserError


def write(folder: Path, text: str) -> Path:
    (folder / "engage.toml").write_text(text)
    return folder


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    write(tmp_path, 'env = "file"\nregion = "eu-west-1"\nbudget_usd = 99\n')
    settings = load_settings(
        {"env": "flag"}, environ={"ENGAGE_ENV": "environ", "ENGAGE_REGION": "us-west-2"}, directory=tmp_path
    )
    assert (settings.env, settings.region, settings.budget_usd, settings.target) == (
        "flag",
        "us-west-2",
        99,
        "local",
    )
    assert settings.sources["env"] == "flag --env"
    assert settings.sources["region"] == "ENGAGE_REGION"
    assert settings.sources["budget_usd"] == "engage.toml"
    assert settings.sources["target"] == "default"


def test_template_parameters_come_from_their_table(tmp_path: Path) -> None:
    write(tmp_path, "[parameters]\nCacheTtlSeconds = 60\n")
    assert load_settings({}, environ={}, directory=tmp_path).parameters == {"CacheTtlSeconds": "60"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("env = 'Prod-1'", "environment name"),
        ("target = 'azure'", "target 'azure'"),
        ("colour = 'red'", "unknown setting 'colour'"),
        ("env = ", "not valid TOML"),
        ("budget_usd = 'much'", "whole number"),
        ("region = 'mars'", "not a Region"),
        ("endpoint_url = 'http://127.0.0.1:1'", "needs the target aws"),
        ("parameters = 3", "must be a table"),
    ],
)
def test_a_bad_setting_is_refused_in_one_sentence_naming_it(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(UserError) as caught:
        load_settings({}, environ={}, directory=write(tmp_path, text + "\n"))
    assert part in caught.value.message
    assert "\n" not in caught.value.message.split(": Expected")[0]


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load_settings({}, environ={}, directory=tmp_path)
    with pytest.raises(AttributeError):
        settings.env = "other"  # type: ignore[misc]
