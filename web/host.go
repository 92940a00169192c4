package web

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"sightline/internal/fault"
)

// hosts is the list of names that may stand in a request's Host header. A page
// of another site that rebinds its name to our address fails here, before any
// route. Safe for concurrent use.
type hosts struct {
	names map[string]bool // lower case, without port and final dot

	mu    sync.Mutex
	own   map[netip.Addr]bool // addresses of this machine, read again every 30 s
	until time.Time
}

// newHosts lists loopback names, the host name, <host>.local, and the given further names.
func newHosts(more ...string) *hosts {
	h := &hosts{names: map[string]bool{"localhost": true}}
	if name := machineName(); name != "" {
		h.names[name] = true
		h.names[strings.SplitN(name, ".", 2)[0]+".local"] = true
	}
	for _, m := range more {
		if name, ok := hostName(m); ok {
			h.names[name] = true
		}
	}
	return h
}

func machineName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// check returns fault.Misdirected unless host (a Host header) names this server.
func (h *hosts) check(host string) error {
	name, ok := hostName(host)
	if ok {
		if h.names[name] {
			return nil
		}
		if a, err := netip.ParseAddr(name); err == nil && h.isOwn(plainAddr(a)) {
			return nil
		}
	}
	return fault.New(fault.Misdirected, fault.CodeBadHost,
		"This server is not configured to answer under this name. Start it with --host <name>, or set --public-url.")
}

func (h *hosts) isOwn(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.After(h.until) {
		h.own = map[netip.Addr]bool{}
		for _, a := range machineAddrs() {
			h.own[a] = true
		}
		h.until = now.Add(30 * time.Second)
	}
	return h.own[a]
}

// hostName takes name or name:port apart, checks its characters and lowers it.
// Addresses come back without brackets.
func hostName(host string) (string, bool) {
	if host == "" || len(host) > 255+6 {
		return "", false
	}
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return "", false
		}
	}
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 || (end+1 < len(host) && host[end+1] != ':') {
			return "", false
		}
		return strings.ToLower(host[1:end]), end > 1
	}
	if strings.Count(host, ":") > 1 {
		return strings.ToLower(host), true // an IPv6 address without brackets and port
	}
	name, _, _ := strings.Cut(host, ":")
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name, name != ""
}

// machineAddrs are the addresses of the interfaces that are up, without link-local ones.
func machineAddrs() []netip.Addr {
	var list []netip.Addr
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		if !ok {
			continue
		}
		if ip = plainAddr(ip); !ip.IsLinkLocalUnicast() && !ip.IsMulticast() {
			list = append(list, ip)
		}
	}
	return list
}
