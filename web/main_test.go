package web

import (
	"testing"

	"go.uber.org/goleak"
)

// fasthttp keeps one goroutine for the date of its answers, for ever.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}
