"""Compare runs: prints the answers, and writes them as a page, figures and tables."""

import sys

from agents.arguments import CompareArguments
from agents.command_line import guarded, parse


@guarded
def main() -> int:
    """Parses, reads the runs, answers."""
    arguments = parse(CompareArguments, sys.argv[1:])
    from agents.analysis.records import find_runs, read_run

    runs = [read_run(path) for path in find_runs(arguments.runs)]
    from agents.analysis.comparison import compare
    from agents.analysis.figures import write_figures
    from agents.analysis.references import references
    from agents.analysis.report import console_table, render, write_tables

    comparison = compare(runs, threshold=arguments.threshold, force=arguments.force)
    print(console_table(comparison))
    known = list(dict.fromkeys(r for group in comparison.groups for r in references(group.config)))
    if arguments.figures is not None:
        files = [
            *write_figures(comparison, arguments.figures),  # letters of references need the page's table
            *write_tables(comparison, arguments.figures),
        ]
        print(f"{arguments.figures}: {', '.join(file.name for file in files)}")
    if arguments.out is not None:
        arguments.out.write_text(render(comparison, references=known), encoding="utf-8")
        print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB, works offline")
    return 0


if __name__ == "__main__":
    sys.exit(main())
