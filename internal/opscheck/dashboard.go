package opscheck

import (
	"encoding/json"
	"fmt"
)

// Dashboard is one Grafana dashboard.
type Dashboard struct {
	UID   string // its file is named so too
	Title string
	Help  string
	Rows  []Row
}

// Row is a headed group of panels.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel shows the answers of queries.
type Panel struct {
	Title   string
	Help    string // what it means and when to worry
	Kind    string // timeseries (the default), stat, heatmap, table
	Unit    string // Grafana's name of the unit; "" = plain numbers
	Stack   bool   // timeseries: parts of a whole
	Queries []Query
}

// Query is PromQL with Grafana's variables $instance and $__rate_interval.
type Query struct {
	Expr   string
	Legend string
}

// of is a panel of lines with one query.
func of(title, unit, legend, expr, help string) Panel {
	return Panel{Title: title, Help: help, Unit: unit, Queries: []Query{{expr, legend}}}
}

// number is a panel that shows the newest value.
func number(title, unit, expr, help string) Panel {
	return Panel{Title: title, Help: help, Kind: "stat", Unit: unit, Queries: []Query{{expr, ""}}}
}

func (p Panel) also(legend, expr string) Panel {
	p.Queries = append(p.Queries, Query{expr, legend})
	return p
}

func (p Panel) stacked() Panel { p.Stack = true; return p }

type object = map[string]any

var source = object{"type": "prometheus", "uid": "${datasource}"}

// JSON is the dashboard as Grafana 10 and newer import it.
func (d Dashboard) JSON() ([]byte, error) {
	out := object{
		"uid": d.UID, "title": d.Title, "description": d.Help, "tags": []string{"sightline"},
		"schemaVersion": 39, "version": 1, "editable": true, "graphTooltip": 1, "timezone": "browser", "refresh": "30s",
		"time": object{"from": "now-3h", "to": "now"},
		"links": []object{{"type": "dashboards", "title": "Sightline", "tags": []string{"sightline"}, "asDropdown": false,
			"keepTime": true, "includeVars": true, "targetBlank": false, "icon": "external link", "url": "", "tooltip": ""}},
		"annotations": object{"list": []object{{
			"name": "Alerts", "enable": true, "hide": false, "iconColor": "red", "datasource": source,
			"expr": `ALERTS{alertname=~"Sightline.*",alertstate="firing"}`, "titleFormat": "{{alertname}}", "textFormat": "{{instance}}",
		}}},
		"templating": object{"list": []object{
			{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0, "current": object{}, "refresh": 1},
			{"name": "instance", "label": "Server", "type": "query", "datasource": source, "hide": 0, "refresh": 2, "sort": 1,
				"query":      object{"query": "label_values(sightline_build_info, instance)", "refId": "instance"},
				"definition": "label_values(sightline_build_info, instance)", "multi": true, "includeAll": true, "allValue": ".*",
				"current": object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}},
		}},
		"panels": d.panels(),
	}
	b, err := json.MarshalIndent(out, "", "  ")
	return append(b, '\n'), err
}

// panels lays the rows out on Grafana's 24 columns.
func (d Dashboard) panels() []object {
	var out []object
	y := 0
	for _, r := range d.Rows {
		out = append(out, object{"id": len(out) + 1, "type": "row", "title": r.Title, "collapsed": false, "panels": []object{},
			"gridPos": object{"x": 0, "y": y, "w": 24, "h": 1}})
		y++
		x, tall := 0, 0
		for _, p := range r.Panels {
			w, h := p.size()
			if x+w > 24 {
				x, y, tall = 0, y+tall, 0
			}
			o := p.object()
			o["id"], o["gridPos"] = len(out)+1, object{"x": x, "y": y, "w": w, "h": h}
			out = append(out, o)
			x, tall = x+w, max(tall, h)
		}
		y += tall
	}
	return out
}

func (p Panel) size() (w, h int) {
	switch p.Kind {
	case "stat":
		return 4, 4
	case "table":
		return 16, 8
	}
	return 8, 8
}

func (p Panel) object() object {
	kind, instant, format := p.Kind, false, "time_series"
	defaults := object{"unit": p.Unit}
	options := object{}
	switch kind {
	case "":
		kind = "timeseries"
		stack := "none"
		if p.Stack {
			stack = "normal"
		}
		defaults["min"] = 0
		defaults["custom"] = object{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false,
			"stacking": object{"mode": stack, "group": "A"}}
		options = object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": object{"mode": "multi", "sort": "desc"}}
	case "stat":
		options = object{"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
			"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "textMode": "auto", "orientation": "auto"}
	case "heatmap":
		format = "heatmap"
		options = object{"calculate": false, "calculation": object{}, "cellGap": 1, "cellValues": object{}, "showValue": "never",
			"color":     object{"mode": "scheme", "scheme": "Oranges", "steps": 32, "fill": "dark-orange", "scale": "exponential", "exponent": 0.5, "reverse": false},
			"exemplars": object{"color": "rgba(255,0,255,0.7)"}, "filterValues": object{"le": 1e-9}, "legend": object{"show": true}, "rowsFrame": object{"layout": "auto"},
			"tooltip": object{"mode": "single", "yHistogram": false, "showColorScale": false}, "yAxis": object{"unit": p.Unit, "axisPlacement": "left", "reverse": false}}
	case "table":
		instant, format = true, "table"
		options = object{"showHeader": true, "cellHeight": "sm"}
	}
	var targets []object
	for i, q := range p.Queries {
		targets = append(targets, object{"refId": string(rune('A' + i)), "datasource": source, "expr": q.Expr, "legendFormat": q.legend(),
			"instant": instant, "range": !instant, "format": format})
	}
	o := object{"type": kind, "title": p.Title, "description": p.Help, "datasource": source, "targets": targets,
		"fieldConfig": object{"defaults": defaults, "overrides": []object{}}, "options": options}
	if kind == "table" {
		o["transformations"] = []object{{"id": "organize", "options": object{"excludeByName": object{"Time": true, "Value": true, "__name__": true, "job": true}}}}
	}
	return o
}

func (q Query) legend() string {
	if q.Legend == "" {
		return "__auto"
	}
	return q.Legend
}

// rate is the sum of a counter's growth a second, by labels.
func rate(metric, by string) string {
	return fmt.Sprintf(`sum by (%s) (rate(%s[$__rate_interval]))`, by, on(metric))
}

// total is the sum of a gauge, by labels ("" = one number).
func total(metric, by string) string {
	if by == "" {
		return fmt.Sprintf(`sum(%s)`, on(metric))
	}
	return fmt.Sprintf(`sum by (%s) (%s)`, by, on(metric))
}

// quantile of a histogram, by labels.
func quantile(q, metric, by string) string {
	if by != "" {
		by += ", "
	}
	return fmt.Sprintf(`histogram_quantile(%s, sum by (%sle) (rate(%s[$__rate_interval])))`, q, by, on(metric+"_bucket"))
}

// on puts the chosen servers into a selector.
func on(metric string) string {
	if n := len(metric) - 1; metric[n] == '}' {
		return metric[:n] + `,instance=~"$instance"}`
	}
	return metric + `{instance=~"$instance"}`
}
