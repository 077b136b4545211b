"""docs/labs.md: the labs, from what they declare and what they measured last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modules.declarations import Module, load_modules
from modules.execute import Result
from modules.results import read_results
from workshop.cli.lab_views import needs_in_words

_INTRODUCTION = """\
# Labs

Generated from `modules/*/module.yaml`. `workshop modules` prints the same with the costs, \
`workshop run NAME` does a lab headless, and `workshop rehearse --module all` does all of them on \
one machine, holds each to its result, to the instances it declares and to its own clean-up.

- *after*: the labs it builds on. Each hands over what later ones need, below \
`.workshop/handover/` in the attendee's part of the bucket; `workshop run` does them first \
unless that is there.
- *measured*: when the labs were last rehearsed, by real training and inference on one machine, \
to three digits. For image-classification that is a stand-in, a small classifier without a \
network: the figure shows that the lab works, and nothing of how well the real algorithm does.
- Each lab's folder has a notebook and its source, the scripts it uses, which also run outside \
SageMaker, and `DATA.md`, which says where its data come from and under which licence; a lab that \
works on the data of an earlier one has none.
"""


def page() -> str:
    """The text of the page."""
    modules, results = load_modules(), read_results()
    parts = [_INTRODUCTION, "\n".join(_table(modules, results)) + "\n"]
    parts += [_section(module) for module in modules.values()]
    return "\n".join(parts)


def _table(modules: Mapping[str, Module], results: Mapping[str, Result]) -> Iterator[str]:
    yield "| lab | minutes | after | needs per attendee | expected | measured |"
    yield "|---|---|---|---|---|---|"
    for name, module in modules.items():
        cells = (
            f"[{name}](#{name})",
            str(module.minutes),
            ", ".join(module.prerequisites) or "-",
            needs_in_words(module.needs),
            f"{module.expected.metric} {module.expected.bound}",
            _measured(module, results.get(name)),
        )
        yield f"| {' | '.join(cells)} |"


def _measured(module: Module, result: Result | None) -> str:
    """The figure of a lab, where it is one of the metric that the lab has now."""
    if result is None or result.metric != module.expected.metric:
        return "not yet"
    return f"{result.value:g}"


def _section(module: Module) -> str:
    notebook = f"../modules/{module.name}/{module.notebook.name}"
    places = " or ".join(module.environment)
    title = module.title if module.title[-1] in ".?!" else f"{module.title}."
    return (
        f"## {module.name}\n\n**{title}** {module.teaches}\n\n"
        f"[Notebook]({notebook}), {module.minutes} minutes, in {places}.\n"
    )
