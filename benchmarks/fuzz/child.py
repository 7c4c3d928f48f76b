"""`python -m benchmarks.fuzz.child TARGET [OPTION…] CORPUS`: one target under atheris, until it is told to end.

Must import nothing of ours but under instrumentation.
"""

import sys

import atheris


def main() -> None:
    with atheris.instrument_imports(include=["voiceprep"]):
        from benchmarks.fuzz.targets import BY_NAME

        target = BY_NAME[sys.argv[1]]
        for data in target.seeds():  # what is imported late is instrumented too
            target.accepts(data)

    def test(data: bytes) -> None:
        target.accepts(data)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], test)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
