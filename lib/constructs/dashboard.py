"""One page per region that answers "can I fail over now?", made of the metrics that the constructs offer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from lib.constructs.alerts import Metric
from lib.constructs.context import RegionContext

COLUMNS: Final = 24
"""A row of a dashboard.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

HEIGHT: Final = 6


@dataclass(frozen=True)
class Graph:
    """Some metrics in one picture."""

    title: str
    metrics: Sequence[Metric]


@dataclass(frozen=True)
class Section:
    """A question, and the pictures that answer it side by side."""

    question: str
    graphs: Sequence[Graph]


class Dashboard(Construct):
    """A region's page: alarms first, then one row for each section. It reads this region's metrics and no others.

    So it works while the other region, or us-east-1 with Route 53's metrics, does not; what the health checks say is
    told by their alarms.
    """

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, alarm_names: Sequence[str], sections: Sequence[Section]
    ) -> None:
        super().__init__(scope, id_)
        self._at = at
        self.name = at.name("operations")
        arns = [at.arn("cloudwatch", f"alarm:{name}") for name in alarm_names]
        widgets: list[dict[str, Any]] = [
            _widget(
                "alarm",
                0,
                0,
                COLUMNS,
                {"title": "Alarms: red here is a reason to ask before failing over", "alarms": arns},
            )
        ]
        for number, section in enumerate(sections):
            top = HEIGHT + number * (HEIGHT + 1)
            widgets.append(_widget("text", 0, top, COLUMNS, {"markdown": f"## {section.question}"}, height=1))
            width = COLUMNS // len(section.graphs)
            for place, graph in enumerate(section.graphs):
                widgets.append(_widget("metric", place * width, top + 1, width, self._graph(graph)))
        CloudwatchDashboard(
            self,
            "dashboard",
            provider=at.provider,
            dashboard_name=self.name,
            dashboard_body=json.dumps({"widgets": widgets}, sort_keys=True),
        )

    def _graph(self, graph: Graph) -> dict[str, Any]:
        return {
            "title": graph.title,
            "region": self._at.region.name,
            "view": "timeSeries",
            "metrics": [
                [
                    metric.namespace,
                    metric.name,
                    *(text for name, value in metric.dimensions.items() for text in (name, value)),
                    {"stat": metric.statistic, "period": metric.period},
                ]
                for metric in graph.metrics
            ],
        }


def _widget(
    kind: str, x: int, y: int, width: int, properties: dict[str, Any], *, height: int = HEIGHT
) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}
