package config

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes docs/ref/configuration.md.
func Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Made from cmd/sightline/config by "make docs"; a test compares it. -->

Every key can stand in a YAML file (` + "`--config FILE`" + ` or ` + "`" + FileEnv + "`" + `), in the environment, or on the command line of ` + "`sightline serve`" + `.
The command line wins over the environment, the environment over the file. A key nobody knows is an error that names
the nearest right one. ` + "`sightline check-config`" + ` takes the same flags, checks everything and prints what is in force and where
each value came from, secrets as ` + "`***`" + `. In the file, ` + "`tls.cert: x`" + ` and a ` + "`cert: x`" + ` under ` + "`tls:`" + ` mean the same. Lists are YAML
lists in the file and comma-separated elsewhere.

| key | environment | flag | default | what it does |
|---|---|---|---|---|
`)
	for _, k := range Keys() {
		def := "–"
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | `--%s` | %s | %s |\n", k.Path, k.Env, k.Flag, def, strings.ReplaceAll(k.Help, "|", "\\|"))
	}
	b.WriteString("\nOne more variable is no key: `" + SealKeysEnv + "`, `id:base64,…` of 32 bytes each, takes the place of the key file in\n" +
		"the data folder; the first seals. All servers on one store need the same keys.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
