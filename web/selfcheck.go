package web

import (
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
)

// fiberConfig is how fiber must be set. Its defaults re-use request memory,
// believe every proxy and wait for ever; selfCheck refuses each of them.
func fiberConfig(trusted []string, onError fiber.ErrorHandler) fiber.Config {
	return fiber.Config{
		AppName:                      "sightline",
		Immutable:                    true, // else kept strings change after the handler (Wyze, 2024)
		CaseSensitive:                true,
		StrictRouting:                true,
		UnescapePath:                 false, // ids need no escaping; nothing is decoded twice
		BodyLimit:                    maxBody,
		StreamRequestBody:            false, // with it BodyLimit is not enforced
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               maxHeaders,
		WriteBufferSize:              4 << 10,
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  60 * time.Second,
		Concurrency:                  16 << 10, // connections
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               trusted,
		ProxyHeader:                  "", // addresses come from proxies.client only
		EnableIPValidation:           false,
		DisableStartupMessage:        true,
		RequestMethods:               methods,
		ErrorHandler:                 onError,
	}
}

// selfCheck says what is wrong with a configured app, or nil. It looks at what
// fiber really runs with, so a changed default of the library is found too.
func selfCheck(app *fiber.App) error {
	c := app.Config()
	srv := app.Server()
	var wrong []error
	must := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("web: fiber must run with %s", what))
		}
	}
	must(c.Immutable, "Immutable on")
	must(c.CaseSensitive, "CaseSensitive on")
	must(c.StrictRouting, "StrictRouting on")
	must(!c.UnescapePath, "UnescapePath off")
	must(c.BodyLimit > 0 && c.BodyLimit <= maxBody && srv.MaxRequestBodySize == c.BodyLimit, "BodyLimit of at most 1 MB")
	must(!c.StreamRequestBody && !srv.StreamRequestBody, "StreamRequestBody off")
	must(c.DisablePreParseMultipartForm, "DisablePreParseMultipartForm on")
	must(c.ReadBufferSize == maxHeaders && srv.ReadBufferSize == maxHeaders, "ReadBufferSize of 16 KB")
	must(c.ReadTimeout > 0 && c.ReadTimeout <= 10*time.Second && srv.ReadTimeout == c.ReadTimeout, "ReadTimeout of at most 10 s")
	must(c.WriteTimeout > 0 && c.WriteTimeout <= 30*time.Second && srv.WriteTimeout == c.WriteTimeout, "WriteTimeout of at most 30 s")
	must(c.IdleTimeout > 0 && c.IdleTimeout <= 60*time.Second && srv.IdleTimeout == c.IdleTimeout, "IdleTimeout of at most 60 s")
	must(c.EnableTrustedProxyCheck, "EnableTrustedProxyCheck on")
	must(c.ProxyHeader == "", "no ProxyHeader")
	must(!c.EnableIPValidation, "EnableIPValidation off")
	must(c.DisableStartupMessage, "DisableStartupMessage on")
	must(!c.Prefork, "Prefork off")
	must(!c.ETag, "ETag off")
	must(c.Views == nil, "no Views")
	must(len(c.RequestMethods) == len(methods), "the known request methods only")
	must(srv.CloseOnShutdown, "CloseOnShutdown on")
	return errors.Join(wrong...)
}
