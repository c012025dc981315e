"""Deployment as a pipeline of stages, each with one rule.

`layers`  what there is to deploy, in dependency order. Constants only.
`inputs`  what the templates are given: settings, code keys, images. Builds, uploads nothing.
`plan`    what would change. Only reads, returns data.
`apply`   the only stage that changes stacks. Interprets the plan's layers.
`destroy` removes everything and says what is left.
"""
