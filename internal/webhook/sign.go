package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"sightline/internal/secret"
)

// Headers of a delivery.
const (
	HeaderSignature = "Sightline-Signature" // t=<Unix seconds>,v1=<hex>[,v1=<hex>]
	HeaderID        = "Sightline-Id"        // of the notice: the same at every try
	HeaderWebhook   = "Sightline-Webhook"   // of the webhook
)

// signature signs a body with every secret that is good now: HMAC-SHA256 over
// the seconds, a dot and the body.
func signature(at time.Time, body []byte, secrets ...secret.String) string {
	t := strconv.FormatInt(at.Unix(), 10)
	out := "t=" + t
	for _, s := range secrets {
		m := hmac.New(sha256.New, []byte(s.Reveal()))
		m.Write([]byte(t + "."))
		m.Write(body)
		out += ",v1=" + hex.EncodeToString(m.Sum(nil))
	}
	return out
}
