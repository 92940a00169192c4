package authz

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

// argonParams of new hashes: the cheapest in memory of OWASP's five settings of
// equal strength. Fresh memory is what a busy or virtual machine is slow to give:
// 7 MiB five times take half the time of 19 MiB twice. A stored hash with others
// is checked with its own and rehashed at the next sign-in.
type argonParams struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

const (
	saltLen = 16
	tagLen  = 32

	hashesAtOnce = 2
	hashesQueued = 32
	hashWait     = 2 * time.Second
)

// hasher runs argon2id at most two at a time: each costs 7 MiB and tens of
// milliseconds of a core. Past 32 waiting, or 2 s of wait, the answer is busy.
type hasher struct {
	params  argonParams
	queue   hashQueue
	dummy   string // of no password; what an unknown e-mail is compared with
	metrics *metrics
}

func newHasher() *hasher {
	h := &hasher{params: argonParams{7 * 1024, 5, 1}, queue: hashQueue{free: hashesAtOnce}}
	h.dummy = h.phc(make([]byte, saltLen), make([]byte, tagLen))
	return h
}

func errBusy() error {
	return fault.New(fault.Unavailable, fault.CodeBusy, "Too many sign-ins at once. Try again in a moment.").After(2 * time.Second)
}

// urgent marks a context whose hashes go before all others that wait: somebody's
// pictures are to end when it is done, and that time counts (spec ruling 5).
func urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

type urgentKey struct{}

// enter takes a place among those hashing; the caller calls leave.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	first, _ := ctx.Value(urgentKey{}).(bool)
	turn, ok := h.queue.join(first)
	if !ok {
		h.metrics.busy.Inc()
		return nil, errBusy()
	}
	t := time.NewTimer(hashWait)
	defer t.Stop()
	select {
	case <-turn:
		return h.queue.leave, nil
	case <-t.C:
		err = errBusy()
	case <-ctx.Done():
		err = unavailable(ctx.Err())
	}
	if !h.queue.giveUp(turn) { // its turn came at the same moment
		return h.queue.leave, nil
	}
	if t := fault.Code(err); t == fault.CodeBusy {
		h.metrics.busy.Inc()
	}
	return nil, err
}

// hash makes a PHC string of a password that passed normalPassword.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	h.metrics.hashes.Inc()
	salt := make([]byte, saltLen)
	rand.Read(salt)
	p := h.params
	return h.phc(salt, argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, tagLen)), nil
}

func (h *hasher) phc(salt, tag []byte) string {
	p := h.params
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(tag))
}

// check compares a password with a PHC string, in the same time for every
// answer; "" stands for an unknown account and never matches. old says that the
// hash is of parameters no longer used.
func (h *hasher) check(ctx context.Context, password secret.String, phc string) (ok, old bool, err error) {
	known := phc != ""
	if !known {
		phc = h.dummy
	}
	p, salt, tag, parsed := parsePHC(phc)
	if !parsed {
		known = false
		p, salt, tag, _ = parsePHC(h.dummy)
	}
	text := password.Reveal()
	if len(text) > 4*maxPassword {
		text, known = "", false // nobody has such a password; do not hash it at length
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	h.metrics.hashes.Inc()
	got := argon2.IDKey([]byte(norm.NFC.String(text)), salt, p.time, p.memory, p.threads, uint32(len(tag)))
	return subtle.ConstantTimeCompare(got, tag) == 1 && known, p != h.params, nil
}

func parsePHC(s string) (p argonParams, salt, tag []byte, ok bool) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, false
	}
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); n != 3 || err != nil {
		return p, nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	tag, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(tag) < 16 || p.time < 1 || p.threads < 1 || p.memory > 1<<20 || p.time > 16 {
		return p, nil, nil, false
	}
	return p, salt, tag, true
}
