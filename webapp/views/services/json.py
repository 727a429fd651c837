"""The pages of services for machines. No rate is in them where the kept traces do not tell how often there were any."""

from dataclasses import asdict

from webapp.model.red import ErrorKinds, Measured, Overview, Period, Profile, Red, SlowSpan
from webapp.views.present import tail_note


def red(of: Red, period: Period) -> dict[str, object]:
    often = period.seconds >= 1 and not tail_note()
    return {
        "spans": of.spans,
        "failed_spans": of.failed,
        "weighted_spans": of.weighted,
        "calls": of.calls,
        "calls_per_second": of.calls / period.seconds if often else None,
        "errors": of.errors,
        "error_share": of.error_share,
        "p50_ns": of.p50_ns,
        "p95_ns": of.p95_ns,
        "p99_ns": of.p99_ns,
    }


def measured(of: Measured, period: Period) -> dict[str, object]:
    return {
        "service": of.service,
        **({"operation": of.operation} if of.operation else {}),
        **red(of.red, period),
        "all_spans": of.spans,
        "critical_ns": of.critical_ns,
        "critical_share": of.share,
        "first_ns": of.first_ns,
        "last_ns": of.last_ns,
        "before": red(of.before, period) if of.before else None,
    }


def period(of: Period | None) -> dict[str, object] | None:
    return asdict(of) if of else None


def overview(of: Overview, rows: list[Measured]) -> dict[str, object]:
    return {
        "period": period(of.period),
        "before": period(of.before),
        "note": tail_note(),
        "services": [measured(row, of.period) for row in rows],
    }


def profile(of: Profile) -> dict[str, object]:
    when = of.operations.period
    return {
        "period": period(when),
        "before": period(of.operations.before),
        "note": tail_note(),
        "service": measured(of.itself, when) if of.itself else None,
        "operations": [measured(row, when) for row in of.operations.rows],
        "over_time": [
            {
                "from_ns": each.from_ns,
                "to_ns": each.to_ns,
                **red(each.red, Period(each.from_ns, each.to_ns, when.exact)),
            }
            for each in of.moments
        ],
        "versions": [_process(each.key, each.value, each.red, when) for each in of.versions],
        "instances": [_process(each.key, each.value, each.red, when) for each in of.instances],
    }


def _process(key: str, value: str, of: Red, when: Period) -> dict[str, object]:
    return {"key": key, "value": value, **red(of, when), "first_ns": of.first_ns, "last_ns": of.last_ns}


def error_kinds(of: ErrorKinds) -> dict[str, object]:
    return {"kinds": [asdict(kind) for kind in of.kinds], "spans": of.of, "more": of.more}


def slowest(of: list[SlowSpan]) -> list[dict[str, object]]:
    return [asdict(span) for span in of]
