package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Verify reports whether a delivery is Sightline's: header is its
// Sightline-Signature, body its body as it came, before any parsing.
func Verify(secret, header string, body []byte, now time.Time) error {
	var at string
	var good bool
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			at = value
		case "v1": // there are two for 24 hours after a new secret was made
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(at + "."))
			mac.Write(body)
			sum, err := hex.DecodeString(value)
			good = good || err == nil && hmac.Equal(sum, mac.Sum(nil))
		}
	}
	sec, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !good {
		return errors.New("the signature is wrong")
	}
	if age := now.Sub(time.Unix(sec, 0)); age > 5*time.Minute || age < -5*time.Minute {
		return errors.New("the delivery is too old")
	}
	return nil
}

// The documentation shows the Verify that these tests use.
func TestTheDocumentedSampleIsThisOne(t *testing.T) {
	doc, err := os.ReadFile("../../docs/ref/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("verify_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(doc), "```go\n")
	shown, _, _ = strings.Cut(shown, "```")
	_, ours, _ := strings.Cut(string(src), "// Verify reports")
	ours, _, _ = strings.Cut(ours, "\n// The documentation")
	if shown == "" || strings.TrimSpace(shown) != strings.TrimSpace("// Verify reports"+ours) {
		t.Error("docs/ref/webhooks.md shows another sample")
	}
}
