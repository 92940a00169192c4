// Package opscheck holds what operators get in deploy/ to what the program is:
// it writes the Grafana dashboards from the lists below, and its tests check
// the rules for Prometheus with promtool, the Compose file against the
// configuration, and, under the build tag ops, every query of every dashboard
// and rule against a real Prometheus that scrapes the running program.
package opscheck
