package web

import (
	"testing"

	"go.uber.org/goleak"
)

// fasthttp keeps one goroutine for the date of its answers, for ever, and the
// cleaner of a closed server for at most 10 s; nothing stops them earlier.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}
