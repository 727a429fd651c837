"""The page of two sets for machines: the same facts, all paths, exact numbers."""

from typing import Any

from webapp.analysis.cohorts.cohort import SideFacts
from webapp.analysis.cohorts.whatif import Prediction
from webapp.model.cohorts import Membership
from webapp.views.cohorts.attributes import attribute_rows, not_comparable
from webapp.views.cohorts.reading import Read
from webapp.views.cohorts.sentence import caveats, headline


def cohort_json(facts: Read, prediction: Prediction | None) -> dict[str, Any]:
    found, data, state = facts.comparison, facts.data, facts.state
    ranking = facts.told.ranking if facts.told else None
    return {
        "a": state.a,
        "b": state.b,
        "band": state.band,
        "sentence": str(headline(facts).html.striptags()),
        "enough": found.enough,
        "sure": found.sure,
        "notes": caveats(facts),
        "selection": _side(found.selection, data.selection),
        "baseline": _side(found.baseline, data.baseline),
        "in_both": data.in_both,
        "baseline_root": data.root,
        "difference_ns": found.difference_ns,
        "interval_ns": [found.low_ns, found.high_ns],
        "causes": [
            {"service": one.service, "name": one.name, "how": one.how, "ns": one.ns, "share": one.share}
            for one in found.causes
        ],
        "paths": _paths(facts),
        "attributes": [
            {
                "key": row.key,
                "service": row.service,
                "scope": row.scope,
                "score": score.score,
                "consequence": row.consequence,
                "also": row.also,
                "values": [
                    {
                        "value": shown.word, "selected": value.share_1, "others": value.share_0, "a": value.a, "b": value.b,
                        "of_selected": value.of_1, "of_others": value.of_0,
                        "score": value.score, "lift": value.lift, "p": value.p, "q": value.q,
                    }
                    for shown, value in zip(row.values, score.values, strict=True)
                ],
            }
            for row, score in zip(attribute_rows(facts), ranking.keys if ranking else [], strict=True)
        ],
        "attributes_of": None if facts.told is None else {
            "traces": len(facts.told.data.traces), "spans": facts.told.data.spans,
            "keys_without_time": facts.told.data.unread, "keys_beside_columns": facts.told.data.beside,
        },
        "attributes_stopped": facts.stopped,
        "tested": ranking.tested if ranking else 0,
        "not_comparable": sorted(not_comparable(facts)),
        "error_origins": [
            {name: getattr(origin, name) for name in ("service", "name", "message", "selected", "others", "trace_id")}
            for origin in data.origins
        ],
        "exemplars": [
            {name: getattr(one, name) for name in ("why", "trace_id", "response_ns", "root_service", "root_name", "verdict")}
            for one in data.exemplars
        ],
        "what_if": None if prediction is None else _prediction(facts, prediction),
    }  # fmt: skip


def _side(side: SideFacts, members: Membership) -> dict[str, Any]:
    return {
        "traces": members.traces,
        "sampled": members.sampled,
        "left_out_giants": members.giants,
        "worth": side.worth,
        "stands_for": side.stands_for,
        "mean_ns": side.mean_ns,
        "quantiles_ns": {f"p{round(100 * part)}": ns for part, ns in side.quantiles},
    }


def _paths(facts: Read) -> list[dict[str, Any]]:
    """Parents before children; sums of `difference_ns` are the whole difference."""
    parts = facts.comparison.split
    tree = parts.tree
    return [
        {
            "path_id": f"{tree.path_id[entry]:016x}",
            "parent": int(tree.parent[entry]) if tree.parent[entry] >= 0 else None,
            "service": tree.service[entry],
            "name": tree.name[entry],
            "before_ns": float(parts.before[entry]),
            "after_ns": float(parts.after[entry]),
            "calls_before": float(parts.calls_before[entry]),
            "calls_after": float(parts.calls_after[entry]),
            "slower_ns": float(parts.slower[entry]),
            "more_calls_ns": float(parts.more_calls[entry]),
            "difference_ns": float(parts.difference[entry]),
            "interval_ns": [float(parts.low[entry]), float(parts.high[entry])],
            "sure": bool(parts.sure[entry]),
        }
        for entry in range(len(tree))
    ]


def _prediction(facts: Read, prediction: Prediction) -> dict[str, Any]:
    return {
        "faster": facts.state.faster,
        "percent": facts.state.percent,
        "traces": prediction.traces,
        "spans": prediction.spans,
        "mean_ns": prediction.mean_ns,
        "faster_mean_ns": prediction.faster_mean_ns,
        "quantiles_ns": {f"p{round(100 * part)}": [now, then] for part, now, then in prediction.quantiles},
    }
