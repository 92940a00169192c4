package onvif

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzAnswer reads whatever a camera may send as an answer to anything.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><Profiles token="a"><Configurations><VideoEncoder><Encoding>H264</Encoding><Width>640</Width></VideoEncoder><PTZ><NodeToken>n</NodeToken></PTZ></Configurations></Profiles></s:Body></s:Envelope>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		`<E><Header><RelatesTo>q</RelatesTo></Header><Body><ProbeMatch><XAddrs>http://192.0.2.1/x https://192.0.2.1</XAddrs><Scopes>onvif://www.onvif.org/name/%41%zz</Scopes></ProbeMatch></Body></E>`,
		`<E><Body><NotificationMessage><Topic>tns1:RuleEngine/CellMotionDetector/Motion</Topic><Message><Message PropertyOperation="Changed"><Source><SimpleItem Name="a" Value="b"/></Source><Data><SimpleItem Name="IsMotion" Value="true"/></Data></Message></Message></NotificationMessage></Body></E>`,
		`<E><Body><UTCDateTime><Date><Year>2026</Year><Month>2</Month><Day>30</Day></Date><Time><Hour>25</Hour></Time></UTCDateTime><Fault><Code><Value>x</Value></Code></Fault></Body></E>`,
		`<?xml version="1.0" encoding="ISO-8859-1"?><a b:c="d" xmlns:b="e">` + "\xe9" + `</a>`,
		strings.Repeat("<a>", 100),
	} {
		f.Add([]byte(s))
	}
	base, _ := url.Parse("http://192.0.2.1/onvif/device_service")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > bodyLimit {
			return
		}
		n, err := parse(raw)
		if err != nil {
			if n != nil {
				t.Fatal("an element beside an error")
			}
			return
		}
		for _, m2 := range []bool{false, true} {
			list := profiles(n, m2)
			mainP, sub := Choose(list)
			if sub != nil && (mainP == nil || sub.area() >= mainP.area()) {
				t.Fatalf("sub %+v is not smaller than main %+v", sub, mainP)
			}
			for _, p := range list {
				if p.Token == "" || len(p.Token) > tokenLimit || p.Width < 0 || p.FPS < 0 {
					t.Fatalf("%+v", p)
				}
			}
		}
		s := newStates(time.Unix(0, 0))
		for _, m := range messages(n) {
			s.take(m, time.Unix(0, 0), func(kind string, _ time.Time, _ *bool) {
				if kind == "" {
					t.Fatal("a report of nothing")
				}
			})
		}
		dateTime(n.find("UTCDateTime"))
		if f := n.find("Fault"); f != nil {
			_ = Fault(soapFault(f, 500), true)
		}
		var st Steering
		st.read(n)
		if v := st.pan.of(1); v != v {
			t.Fatal("not a number")
		}
		c := &Client{base: base}
		if path, ok := c.local(n.find("XAddr").value()); ok && (!strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \r\n")) {
			t.Fatalf("path %q", path)
		}
		if u, _, ok := rehost(n.find("Uri").value(), "192.0.2.1", "rtsp", "rtsps"); ok {
			p, err := url.Parse(u)
			if err != nil || p.Hostname() != "192.0.2.1" || p.User != nil {
				t.Fatalf("%q: %v", u, err)
			}
		}
		var b strings.Builder
		n.write(&b)
		if plain(n.name.Local) {
			if _, err := parse([]byte(b.String())); err != nil && len(b.String()) < bodyLimit {
				t.Fatalf("%q cannot be read again: %v", b.String(), err)
			}
		}
		q := &search{found: map[string]Neighbour{}}
		q.take(raw, netip.MustParseAddr("192.0.2.1"), []string{"q"})
		for _, found := range q.list() {
			if u, err := url.Parse(found.URL); err != nil || u.Hostname() != "192.0.2.1" {
				t.Fatalf("found %q", found.URL)
			}
		}
	})
}

// FuzzChallenge answers whatever a camera asks a login by.
func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a, \"b\"", qop="auth,auth-int", nonce="x", algorithm=SHA-256, opaque="o"`)
	f.Add(`Digest nonce=x`)
	f.Add(`Basic realm="x"`)
	f.Fuzz(func(t *testing.T, header string) {
		ch, ok := parseChallenge([]string{header})
		if !ok {
			return
		}
		h := ch.authorize("POST", "/x", "user", "secret-word", func() string { return "c" })
		if strings.ContainsAny(h, "\r\n") || strings.Contains(h, "secret-word") && !strings.Contains(header, "secret-word") {
			t.Fatalf("%q", h)
		}
	})
}
