package onvif

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
)

// Limits of one search.
const (
	searchFor   = 4 * time.Second
	maxFound    = 256
	maxAnswer   = 16 << 10
	maxAnswers  = 4096 // read of one interface: more is a flood
	maxNetworks = 16
)

// Neighbour is a camera that answered on the local network.
type Neighbour struct {
	URL      string // of its device service, at the address that answered
	Address  netip.Addr
	Name     string // as it calls itself, cleaned; may be empty
	Hardware string
	Location string
}

// SearchConfig says where cameras are looked for.
type SearchConfig struct {
	Interfaces []string       // names; none: every one that is up, can multicast, and is not loopback
	Group      netip.AddrPort // zero: 239.255.255.250:3702
	For        time.Duration  // zero: 4 s
}

var errNoInterface = errors.New("onvif: no network interface to search on")

// Search asks by WS-Discovery for cameras on the local networks and collects
// answers until its time is over or ctx ends. An answer speaks only for the
// address it comes from: one that names another is not believed.
func Search(ctx context.Context, cfg SearchConfig) ([]Neighbour, error) {
	if !cfg.Group.IsValid() {
		cfg.Group = netip.MustParseAddrPort("239.255.255.250:3702")
	}
	if cfg.For <= 0 {
		cfg.For = searchFor
	}
	list, err := interfaces(cfg.Interfaces)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.For)
	defer cancel()
	s := &search{group: cfg.Group, found: map[string]Neighbour{}}
	var wg sync.WaitGroup
	for _, i := range list {
		wg.Go(func() { s.on(ctx, i) })
	}
	wg.Wait()
	return s.list(), nil
}

func interfaces(names []string) ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(i net.Interface) bool {
		if len(names) > 0 {
			return !slices.Contains(names, i.Name)
		}
		return i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 || i.Flags&net.FlagLoopback != 0
	})
	if len(all) == 0 {
		return nil, errNoInterface
	}
	return all[:min(len(all), maxNetworks)], nil
}

// search collects what is heard on several interfaces.
type search struct {
	group netip.AddrPort
	mu    sync.Mutex
	ids   map[string]bool // endpoints heard
	found map[string]Neighbour
}

// on searches on one interface. One that cannot be used finds nothing.
func (s *search) on(ctx context.Context, i net.Interface) {
	own, ok := firstIPv4(i)
	if !ok {
		return
	}
	conn, err := net.ListenPacket("udp4", net.JoinHostPort(own, "0"))
	if err != nil {
		return
	}
	defer conn.Close()
	if u, ok := conn.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(1 << 20) // answers come all at once
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	p := ipv4.NewPacketConn(conn)
	if p.SetMulticastInterface(&i) != nil || p.SetMulticastTTL(1) != nil {
		return
	}
	_ = p.SetMulticastLoopback(i.Flags&net.FlagLoopback != 0)
	var asked []string
	var questions [][]byte
	for _, types := range []string{"dn:NetworkVideoTransmitter", "tds:Device"} {
		id, body := probeMessage(types)
		asked, questions = append(asked, id), append(questions, body)
	}
	ask := func() {
		for _, q := range questions {
			_, _ = conn.WriteTo(q, net.UDPAddrFromAddrPort(s.group))
		}
	}
	ask()
	repeat := time.AfterFunc(time.Second, ask) // multicast gets lost
	defer repeat.Stop()
	buf := make([]byte, maxAnswer+1)
	for range maxAnswers {
		size, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if udp, ok := from.(*net.UDPAddr); ok && size <= maxAnswer {
			s.take(buf[:size], udp.AddrPort().Addr().Unmap(), asked)
		}
	}
}

// firstIPv4 is the address that answers on an interface come back to.
func firstIPv4(i net.Interface) (string, bool) {
	addrs, err := i.Addrs()
	if err != nil {
		return "", false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			return n.IP.String(), true
		}
	}
	return "", false
}

// probeMessage is a WS-Discovery Probe (2005/04) and its id.
func probeMessage(types string) (id string, body []byte) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	id = "urn:uuid:" + h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
	return id, []byte(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"` +
		` xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="` + nsDevice + `">` +
		`<e:Header><w:MessageID>` + id + `</w:MessageID><w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>` +
		`<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>` +
		`<e:Body><d:Probe><d:Types>` + types + `</d:Types></d:Probe></e:Body></e:Envelope>`)
}

// take reads one answer. What answers nothing that was asked is dropped.
func (s *search) take(raw []byte, from netip.Addr, asked []string) {
	doc, err := parse(raw)
	if err != nil || !slices.Contains(asked, doc.child("Header").find("RelatesTo").value()) {
		return
	}
	for i, m := range doc.child("Body").all("ProbeMatch") {
		n, ok := neighbour(m, from)
		if i == 4 || !ok {
			break
		}
		id := m.child("EndpointReference").child("Address").value()
		s.mu.Lock()
		_, known := s.found[n.URL]
		if s.ids == nil {
			s.ids = map[string]bool{}
		}
		// The same camera on two of our networks is one; its first answer counts.
		if !known && (id == "" || len(id) > 256 || !s.ids[id]) && len(s.found) < maxFound {
			s.found[n.URL] = n
			if id != "" && len(id) <= 256 {
				s.ids[id] = true
			}
		}
		s.mu.Unlock()
	}
}

// neighbour reads one match. Of its addresses the one counts that is the
// sender's own, plain http before https.
func neighbour(m *node, from netip.Addr) (Neighbour, bool) {
	n := Neighbour{Address: from}
	for _, raw := range strings.Fields(m.child("XAddrs").value()) {
		u, err := url.Parse(raw)
		if err != nil || len(raw) > maxURL || u.User != nil {
			continue
		}
		a, err := netip.ParseAddr(u.Hostname())
		if err != nil || a.Unmap() != from {
			continue
		}
		checked, err := CheckURL(raw)
		if err != nil || n.URL != "" && u.Scheme != "http" {
			continue
		}
		if n.URL == "" || strings.HasPrefix(n.URL, "https:") {
			n.URL = checked
		}
	}
	if n.URL == "" {
		return n, false
	}
	for i, scope := range strings.Fields(m.child("Scopes").value()) {
		rest, ok := strings.CutPrefix(scope, "onvif://www.onvif.org/")
		if i == 64 || !ok {
			continue
		}
		kind, value, _ := strings.Cut(rest, "/")
		if v, err := url.PathUnescape(value); err == nil {
			switch strings.ToLower(kind) {
			case "name":
				n.Name = cmp.Or(n.Name, clean(v))
			case "hardware":
				n.Hardware = cmp.Or(n.Hardware, clean(v))
			case "location":
				n.Location = cmp.Or(n.Location, clean(strings.TrimPrefix(v, "country/")))
			}
		}
	}
	return n, true
}

// list is what was found, by address.
func (s *search) list() []Neighbour {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Neighbour, 0, len(s.found))
	for _, n := range s.found {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Neighbour) int { return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.URL, b.URL)) })
	return out
}
