"""Cron expressions as EventBridge Scheduler takes them: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based."""

from modeldeploy.spec.schedule import CRON_FIELDS, values

WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def eventbridge_cron(cron: str) -> str:
    """A checked five-field expression as `cron(minutes hours day-of-month month day-of-week year)`, where one of the two days is `?`.

    Steps are written out, because the two languages count them from different beginnings.
    """
    written = [
        _field(values(field, low, high), low, high, WEEKDAYS if name == "day of the week" else None)
        for field, (name, low, high) in zip(cron.split(), CRON_FIELDS, strict=True)
    ]
    minute, hour, day, month, weekday = written
    if weekday == "*":
        weekday = "?"
    else:
        day = "?"
    return f"cron({minute} {hour} {day} {month} {weekday} *)"


def _field(numbers: list[int], low: int, high: int, names: tuple[str, ...] | None) -> str:
    if len(numbers) == high - low + 1:
        return "*"
    return ",".join("-".join(names[number] if names else str(number) for number in dict.fromkeys((first, last))) for first, last in _runs(numbers))


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Numbers in a row, as first and last; only from three on, so that 1,2 stays a list."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    pairs: list[tuple[int, int]] = []
    for row in found:
        pairs += [(row[0], row[-1])] if len(row) > 2 else [(number, number) for number in row]
    return pairs
