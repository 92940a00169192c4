package web

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// fasthttp keeps one goroutine for the date of its answers, for ever, and the
// cleaner of a closed server for at most 10 s; nothing stops them earlier. What
// else runs when all tests are over has a while to end.
func TestMain(m *testing.M) {
	code := m.Run()
	for end := time.Now().Add(soon); code == 0; {
		err := goleak.Find(
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
		if err == nil {
			break
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, "goleak:", err)
			code = 1
		}
	}
	os.Exit(code)
}
