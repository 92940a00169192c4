// Command sightline is the whole server: it reads the configuration, builds
// every part once, runs them and stops them in order. Only here a store, a port
// or a folder is chosen.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones are in the program: an image of it alone has none

	"github.com/alecthomas/kong"

	"sightline/cmd/sightline/config"
	"sightline/internal/fault"
)

// version is set by the linker.
var version = "dev"

func main() {
	m := NewMain()
	if err := m.ParseFlags(os.Args[1:]); err != nil {
		os.Exit(m.explain(err))
	}
	// The first signal stops in order, a second one ends at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
	}()
	os.Exit(m.explain(m.Run(ctx)))
}

// Main is the program. A test runs it as main does, with output and environment
// of its own: NewMain, ParseFlags, Run until its context ends.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string
	// Started is called, when set, once a server answers on all its addresses.
	Started func(Addresses)

	cli     cli
	command *kong.Context
	sources *config.Sources
}

// Addresses are where a running server is found.
type Addresses struct {
	Base  string // pages and API
	Ops   string // "" when off
	Media int    // UDP port
}

// NewMain returns the program on the process's own streams and environment.
func NewMain() *Main {
	return &Main{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ()}
}

// usage is a mistake on the command line or in the configuration: exit code 2.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// asked ends the program after --help.
type asked struct{ code int }

func (asked) Error() string { return "" }

// ParseFlags reads the command line and, for commands that have one, the
// configuration.
func (m *Main) ParseFlags(args []string) (err error) {
	defer func() { // kong ends the program after --help; a test goes on
		if r := recover(); r != nil {
			a, ok := r.(asked)
			if !ok {
				panic(r)
			}
			err = a
		}
	}()
	parser, err := kong.New(&m.cli,
		kong.Name("sightline"),
		kong.Description("Live cameras on a wall, shared by link."),
		kong.Writers(m.Stdout, m.Stderr),
		kong.Exit(func(code int) { panic(asked{code}) }),
		kong.Resolvers(&given{m: m}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return err
	}
	m.command, err = parser.Parse(args)
	var u unreadable
	if errors.As(err, &u) {
		err = u.error
	}
	if err != nil {
		return usage{err}
	}
	return nil
}

// Run does what the command line said. Servers run until ctx ends; that is no error.
func (m *Main) Run(ctx context.Context) error {
	m.command.BindTo(ctx, (*context.Context)(nil))
	return m.command.Run(m)
}

// explain writes an error as one sentence and returns the exit code.
func (m *Main) explain(err error) int {
	var a asked
	if err == nil || errors.As(err, &a) {
		return a.code
	}
	fmt.Fprintln(m.Stderr, "sightline: "+sentence(err))
	if errors.As(err, new(usage)) {
		return 2
	}
	return 1
}

// sentence is what a person reads of an error: the public half of a fault with
// its cause, or the text itself.
func sentence(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) || f.Msg == "" {
		return err.Error()
	}
	if f.Err != nil {
		return f.Msg + " (" + f.Err.Error() + ")"
	}
	return f.Msg
}

// given hands kong what file and environment say, read when the first key is
// asked for: commands without configuration keys never read either.
type given struct {
	m *Main
}

func (g *given) Validate(*kong.Application) error { return nil }

func (g *given) Resolve(ctx *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Tag.Get("key") == "" {
		return nil, nil
	}
	if g.m.sources == nil {
		path := ""
		for _, f := range ctx.Flags() {
			if f.Name == "config" {
				path, _ = ctx.FlagValue(f).(string)
			}
		}
		if err := g.m.load(path); err != nil {
			return nil, unreadable{err}
		}
	}
	return g.m.sources.Resolve(ctx, parent, flag)
}

// load reads file and environment, once. An empty path is that of the environment.
func (m *Main) load(path string) (err error) {
	if m.sources != nil {
		return nil
	}
	if path == "" {
		path = env(m.Environ, config.FileEnv)
	}
	m.sources, err = config.Load(path, m.Environ)
	return err
}

// settings is what file and environment say. The parser has not asked them when
// every key of the command stood on the command line.
func (m *Main) settings(path string) (config.Config, error) {
	if err := m.load(path); err != nil {
		return config.Config{}, usage{err}
	}
	return m.sources.Config(), nil
}

// unreadable is a mistake in the file or the environment, which the parser
// would blame on the flag it was about to look up.
type unreadable struct{ error }

func env(environ []string, name string) string {
	for _, kv := range environ {
		if len(kv) > len(name) && kv[:len(name)] == name && kv[len(name)] == '=' {
			return kv[len(name)+1:]
		}
	}
	return ""
}
