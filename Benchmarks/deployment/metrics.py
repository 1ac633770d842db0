"""Holds rules, dashboard and autoscaler against a running server: every metric and label that they name must be one that it has.

    python Benchmarks/deployment/metrics.py http://127.0.0.1:8080

With --prometheus, which must have scraped that server under load, every query of the dashboard is also run and must find something. Standard
library only.
"""
import argparse
import json
import re
import sys
import urllib.parse
import urllib.request
from pathlib import Path

CONFIG = Path(__file__).resolve().parent.parent.parent / "config"
RULES = [
    "prometheus/rules.yml", "prometheus/rules_test.yml", "kubernetes/autoscaled/prometheus-adapter.yaml",
    "kubernetes/autoscaled/horizontal-pod-autoscaler.yaml"]
DASHBOARD = CONFIG / "grafana/shoal.json"
# Names with colons are those of recording rules.
SELECTOR = re.compile(r"(?<![\w:])((?:shoal|process)_[a-z0-9_]+)(?![\w:])(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# Put on by Prometheus.
ADDED = {"job", "instance", "namespace", "pod"}
# Appear with the first such answer or handshake.
OPEN = {"code", "method", "model"}
# Have no series where the model has no certificates.
OF_CERTIFICATES = "shoal_certificate_"


def exposed(text):
    """Values of each label, by the names of samples and of families."""
    series = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            series.setdefault(name, {})
            if kind == "histogram":
                for part in ("bucket", "sum", "count"):
                    series.setdefault(f"{name}_{part}", {})
        elif (sample := SELECTOR.match(line)):
            name, labels = sample.groups()
            for label, _, value in MATCHER.findall(labels or ""):
                series.setdefault(name, {}).setdefault(label, set()).add(value)
            series.setdefault(name, {})
    return series


def fault(name, labels, series):
    """What is wrong with a selector; None: nothing."""
    if name not in series:
        return f"there is no metric {name}"
    if name.startswith(OF_CERTIFICATES) and not series[name]:
        return None
    for label, operator, value in MATCHER.findall(labels or ""):
        if label in ADDED:
            continue
        if label not in series[name]:
            return f"{name} has no label {label}"
        if operator == "=" and label not in OPEN and value not in series[name][label]:
            return f"{name} has no {label}={value}"
    return None


def address(text):
    """The address of /metrics: a server's address with or without that path."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text} is no address such as http://127.0.0.1:8080")
    path = parts.path if parts.path.endswith("/metrics") else parts.path.rstrip("/") + "/metrics"
    return urllib.parse.urlunsplit(parts._replace(path=path))


def read(url):
    """The body of an answer; ends the process where there is none."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()
    except (OSError, ValueError) as error:
        sys.exit(f"{url}: {error}")


def queries():
    """Those of the dashboard's panels, each with the panel's title."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", [])]


def answers(prometheus, expression):
    """How many series a query of the dashboard finds."""
    for variable, value in {"$job": "shoal", "$instance": ".*", "$__rate_interval": "1m", "$__range": "5m"}.items():
        expression = expression.replace(variable, value)
    answer = read(f"{prometheus.rstrip('/')}/api/v1/query?query={urllib.parse.quote(expression)}")
    return len(json.loads(answer)["data"]["result"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", metavar="URL", type=address, help="address of the server, or of its /metrics")
    parser.add_argument("--prometheus", help="address of a Prometheus that has scraped it as the job shoal")
    options = parser.parse_args()
    series = exposed(read(options.metrics))
    if "shoal_ready" not in series:
        sys.exit(f"{options.metrics} does not have the metrics of shoal")
    texts = [(name, re.sub(r"(?m)^\s*#.*", "", (CONFIG / name).read_text())) for name in RULES]
    texts += [(f"dashboard: {title}", expression) for title, expression in queries()]
    selectors = [(place, *selector) for place, text in texts for selector in SELECTOR.findall(text)]
    faults = [f"{place}: {wrong}" for place, name, labels in selectors if (wrong := fault(name, labels, series))]
    print(f"{len(selectors)} selectors of {len({name for _, name, _ in selectors})} metrics")
    if options.prometheus:
        faults += [
            f"dashboard: {title}: nothing found by {expression}" for title, expression in queries()
            if not answers(options.prometheus, expression) and OF_CERTIFICATES not in expression]
        print(f"{len(queries())} queries")
    for line in faults:
        print(line)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
