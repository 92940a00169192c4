package archtest

import (
	"slices"
	"strings"
	"testing"
)

// everybody may import these of ours.
var everybody = []string{"internal/fault", "internal/clock", "internal/secret"}

// rule says what a package (and, with sub, every package in its folder) may
// import of ours. A package without a rule is an error: its place in the whole
// has to be decided first.
type rule struct {
	pkg string
	sub bool
	may []string
	why string
}

var (
	media = []string{"authz", "ingest", "sfu", "ratelimit", "internal/kv", "internal/event", "internal/seal", "internal/ffmpeg", "internal/picture", "internal/blob", "ingest/intake", "ingest/onvif"}
	rules = []rule{
		{pkg: "sfu", may: []string{"sfu/bwe"}, why: "it fans packets out and speaks WebRTC; accounts and cameras would tie it to this product"},
		{pkg: "sfu/bwe", why: "an estimate is arithmetic on packets and clocks: it has to be tried on recorded traces"},
		{pkg: "authz", may: []string{"internal/kv", "internal/event", "internal/seal"}, why: "decisions are testable without media, web or a network"},
		{pkg: "ratelimit", may: []string{"internal/kv", "internal/event", "internal/seal"}, why: "limits are arithmetic over a store"},
		{pkg: "ratelimit", sub: true, may: []string{"ratelimit", "internal/kv", "internal/event", "internal/seal"}, why: "a store of limits knows limits only"},
		{pkg: "ingest", may: []string{"sfu", "internal/ffmpeg", "internal/netplace"}, why: "it pulls sources it is told to pull; who owns them is no concern of it"},
		{pkg: "ingest/intake", may: []string{"ingest", "sfu", "internal/ffmpeg", "internal/picture"}, why: "as ingest"},
		{pkg: "ingest/onvif", why: "it speaks to cameras it is told of; who owns them is no concern of it"},
		{pkg: "controlroom", may: media, why: "the product's nouns stand above media and authority, below the web"},
		{pkg: "controlroom/archive", may: []string{"authz", "ingest", "sfu", "internal/kv", "internal/event", "internal/seal", "internal/ffmpeg", "internal/blob"}, why: "it records streams by a policy; who may see footage is asked where it is handed out"},
		{pkg: "controlroom", sub: true, may: append([]string{"controlroom", "internal/mail", "internal/i18n"}, media...), why: "features use the control room and never each other"},
		{pkg: "web", may: []string{"authz", "ratelimit", "ingest", "ingest/intake", "ingest/onvif", "sfu", "controlroom", "controlroom/archive", "controlroom/events", "controlroom/gallery", "controlroom/notice",
			"controlroom/usage", "controlroom/relay", "internal/event", "internal/i18n", "internal/push", "internal/webhook", "web/ui"}, why: "the surface asks the parts below and never the store or the mail server"},
		{pkg: "web/ui", why: "it embeds the built pages"},
		{pkg: "internal/fault"}, {pkg: "internal/clock"}, {pkg: "internal/secret"},
		{pkg: "internal/kv", why: "the store's contract"},
		{pkg: "internal/kv", sub: true, may: []string{"internal/kv", "internal/redistest"}, why: "a backend knows its contract only"},
		{pkg: "internal/event", may: []string{"internal/kv"}, why: "the feed lives in the store"},
		{pkg: "internal/netplace", why: "arithmetic on addresses"},
		{pkg: "internal/outbound", may: []string{"internal/netplace"}, why: "a guarded way out knows no records"},
		{pkg: "internal/push", may: []string{"ratelimit", "internal/kv", "internal/seal", "internal/outbound"}, why: "it delivers what the notices decided; who may be told what is asked at each try"},
		{pkg: "internal/push/pushtest", why: "a real push service for tests, written apart from what sends"},
		{pkg: "internal/webhook", may: []string{"internal/kv", "internal/event", "internal/seal", "internal/outbound"}, why: "as push"},
		{pkg: "internal/seal", why: "encryption knows no records"},
		{pkg: "internal/picture", why: "it knows JPEG files and nothing else"},
		{pkg: "internal/blob", why: "the contract of what keeps bytes by name"},
		{pkg: "internal/blob", sub: true, may: []string{"internal/blob"}, why: "a backend knows its contract only"},
		{pkg: "internal/ffmpeg", why: "a child process with limits"},
		{pkg: "internal/i18n", why: "catalogues"},
		{pkg: "internal/mail", may: []string{"internal/i18n"}, why: "letters are written in the reader's language"},
		{pkg: "internal/mail/mailtest", may: []string{"internal/mail"}, why: "a real mail server for tests"},
		{pkg: "internal/hlstest", why: "it reads playlists as a strict player does"},
		{pkg: "internal/testport", why: "ports for tests"},
		{pkg: "internal/redistest", may: []string{"internal/testport"}, why: "a real redis-server for tests"},
		{pkg: "internal/testcam", may: []string{"internal/ffmpeg", "internal/testport"}, why: "a real RTSP camera for tests and the demo"},
		{pkg: "internal/testpeer", may: []string{"sfu"}, why: "a real WebRTC viewer for tests and measurements"},
		{pkg: "internal/measure", may: []string{"internal/testpeer", "internal/testcam", "internal/testport"}, why: "it drives the built program from outside"},
		{pkg: "internal/opscheck", why: "it writes dashboards and reads files"},
		{pkg: "internal/archtest", why: "it reads files"},
	}
)

// ruleOf finds the rule of a package: the exact one first.
func ruleOf(pkg string) (rule, bool) {
	for _, r := range rules {
		if !r.sub && r.pkg == pkg {
			return r, true
		}
	}
	for _, r := range rules {
		if r.sub && strings.HasPrefix(pkg, r.pkg+"/") {
			return r, true
		}
	}
	return rule{}, false
}

func TestImportsOfOurs(t *testing.T) {
	missing := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || under(s.pkg, "cmd") {
			continue
		}
		r, ok := ruleOf(s.pkg)
		if !ok {
			missing[s.pkg] = true
			continue
		}
		for _, imp := range s.imports() {
			ours, isOurs := strings.CutPrefix(imp, module+"/")
			if !isOurs || slices.Contains(everybody, ours) || slices.Contains(r.may, ours) || ours == s.pkg {
				continue
			}
			t.Errorf("%s imports %s, which %s may not: %s", s.path, ours, s.pkg, r.why)
		}
	}
	for pkg := range missing {
		t.Errorf("package %s has no rule in this test: decide what it may import", pkg)
	}
}

// only lists modules that stay behind one door.
var only = []struct {
	module string
	in     []string // folders; tests and cmd are held to it too unless free
	free   bool     // tests and cmd may import it
	why    string
}{
	{"github.com/gofiber", []string{"web"}, true, "fiber re-uses request memory: only the package that knows its traps touches it"},
	{"github.com/valyala/fasthttp", []string{"web"}, true, "as fiber"},
	{"github.com/fasthttp/websocket", []string{"web", "internal/measure"}, true, "as fiber (the client half also drives measurements)"},
	{"github.com/redis/go-redis", []string{"internal/kv/rediskv", "ratelimit/redislimit"}, true, "every call there is one script with its own deadline"},
	{"go.etcd.io/bbolt", []string{"internal/kv/boltkv", "ratelimit/locallimit"}, true, "the embedded store is a backend like the other"},
	{"github.com/bluenviron/gortsplib", []string{"ingest", "controlroom/relay", "internal/testcam"}, true, "v4 is at its end: v5 has to be a change in one place"},
	{"github.com/pion/webrtc", []string{"sfu", "internal/testpeer"}, true, "SDP travels as text, so nobody else needs it"},
	{"github.com/wneessen/go-mail", []string{"internal/mail"}, true, "one way out for letters"},
	{"github.com/SherClockHolmes/webpush-go", []string{"internal/push"}, false, "one way out to push services"},
	{"github.com/emersion/go-smtp", []string{"internal/mail/mailtest", "ingest/intake"}, true, "one way in for letters"},
	{"github.com/minio/minio-go", []string{"internal/blob/s3blob"}, true, "one way to a bucket"},
	{"github.com/emersion/go-message", []string{"ingest/intake"}, true, "mails are taken apart where they come in"},
	{"github.com/fclairamb/ftpserverlib", []string{"ingest/intake"}, true, "files come in at one place"},
	{"github.com/alecthomas/kong", []string{"cmd"}, false, "flags belong to the program"},
	{"github.com/knadh/koanf", []string{"cmd"}, false, "no package but the program's knows a configuration file"},
}

func TestImportsOfOthers(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range s.imports() {
			for _, o := range only {
				if !under(imp, o.module) {
					continue
				}
				if o.free && (s.test || under(s.pkg, "cmd")) {
					continue
				}
				if !slices.ContainsFunc(o.in, func(dir string) bool { return under(s.pkg, dir) }) {
					t.Errorf("%s imports %s, allowed only in %v: %s", s.path, imp, o.in, o.why)
				}
			}
		}
	}
}

// unsafes build the calls that x/sys/unix does not have: sendmmsg, and recvmmsg
// without an allocation a packet (on sockets that the light viewers' own epoll
// reads, x/net's ReadBatch wants one goroutine a socket, or wakes for each), and
// a read that the scheduler is not told of.
var unsafes = []string{"sfu/egress_linux.go", "sfu/inbound_linux.go", "ingest/reader_linux.go", "internal/testpeer/drain_linux.go"}

// Some packages of the standard library have a better in the house.
func TestBarredStandardPackages(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range s.imports() {
			switch {
			case imp == "log":
				t.Errorf("%s imports log: a *slog.Logger is passed in", s.path)
			case imp == "math/rand" && !s.test:
				t.Errorf("%s imports math/rand: math/rand/v2 for jitter, crypto/rand for secrets", s.path)
			case imp == "io/ioutil":
				t.Errorf("%s imports io/ioutil: os and io have it", s.path)
			case imp == "unsafe" && !slices.Contains(unsafes, s.path):
				t.Errorf("%s imports unsafe", s.path)
			}
		}
	}
}
