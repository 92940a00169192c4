package web

import (
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The start is refused when any of fiber's unsafe defaults is back. Each case
// flips one setting.
func TestSelfCheck(t *testing.T) {
	build := func(flip func(*fiber.Config), after func(*fiber.App)) error {
		c := fiberConfig(nil, fiber.DefaultErrorHandler)
		if flip != nil {
			flip(&c)
		}
		app := fiber.New(c)
		app.Server().CloseOnShutdown = true
		if after != nil {
			after(app)
		}
		return selfCheck(app)
	}
	if err := build(nil, nil); err != nil {
		t.Fatalf("our own settings are refused: %v", err)
	}
	for name, flip := range map[string]func(*fiber.Config){
		"Immutable":                    func(c *fiber.Config) { c.Immutable = false },
		"CaseSensitive":                func(c *fiber.Config) { c.CaseSensitive = false },
		"StrictRouting":                func(c *fiber.Config) { c.StrictRouting = false },
		"UnescapePath":                 func(c *fiber.Config) { c.UnescapePath = true },
		"BodyLimit default":            func(c *fiber.Config) { c.BodyLimit = 0 },
		"BodyLimit":                    func(c *fiber.Config) { c.BodyLimit = 2 << 20 },
		"StreamRequestBody":            func(c *fiber.Config) { c.StreamRequestBody = true },
		"DisablePreParseMultipartForm": func(c *fiber.Config) { c.DisablePreParseMultipartForm = false },
		"ReadBufferSize":               func(c *fiber.Config) { c.ReadBufferSize = 0 },
		"ReadTimeout":                  func(c *fiber.Config) { c.ReadTimeout = 0 },
		"ReadTimeout too long":         func(c *fiber.Config) { c.ReadTimeout = time.Minute },
		"WriteTimeout":                 func(c *fiber.Config) { c.WriteTimeout = 0 },
		"IdleTimeout":                  func(c *fiber.Config) { c.IdleTimeout = 0 },
		"EnableTrustedProxyCheck":      func(c *fiber.Config) { c.EnableTrustedProxyCheck = false },
		"ProxyHeader":                  func(c *fiber.Config) { c.ProxyHeader = "X-Forwarded-For" },
		"EnableIPValidation":           func(c *fiber.Config) { c.EnableIPValidation = true },
		"DisableStartupMessage":        func(c *fiber.Config) { c.DisableStartupMessage = false },
		"Prefork":                      func(c *fiber.Config) { c.Prefork = true },
		"ETag":                         func(c *fiber.Config) { c.ETag = true },
		"RequestMethods":               func(c *fiber.Config) { c.RequestMethods = nil },
	} {
		if build(flip, nil) == nil {
			t.Errorf("flipped %s: the start is not refused", name)
		}
	}
	if build(nil, func(a *fiber.App) { a.Server().CloseOnShutdown = false }) == nil {
		t.Error("CloseOnShutdown off: the start is not refused")
	}
	if build(nil, func(a *fiber.App) { a.Server().MaxRequestBodySize = 64 << 20 }) == nil {
		t.Error("a body limit changed behind fiber's back: the start is not refused")
	}
	if fiber.New().Config().Immutable || selfCheck(fiber.New()) == nil {
		t.Error("fiber's defaults pass the check")
	}
}
