package testcam

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// ONVIFFault is how an ONVIF camera misbehaves.
type ONVIFFault int

const (
	ONVIFGood     ONVIFFault = iota
	ONVIFGarbage             // answers with bytes that are no SOAP
	ONVIFPage                // answers like a web server, status 200
	ONVIFSlow                // accepts and does not answer
	ONVIFBomb                // a DTD of entities that grow to gigabytes
	ONVIFDeep                // elements in elements, a hundred thousand deep
	ONVIFEndless             // a body that does not end
	ONVIFRedirect            // every request is sent to ONVIFConfig.Away
	ONVIFBroken              // a SOAP fault to everything
)

// ONVIFProfile is one stream of an ONVIF camera.
type ONVIFProfile struct {
	Token, Name, Codec string
	Width, Height, FPS int
	URL                string // rtsp address it tells
}

// ONVIFConfig of an ONVIF camera. It is written to the specification and shares
// no code with the client.
type ONVIFConfig struct {
	Listen         string // default "127.0.0.1:0"
	User, Password string // with both: every command asks a login, by WS-UsernameToken
	HTTPDigest     bool   // or by HTTP digest in its place
	Make, Model    string // default "Testcam", "T-1000"
	Profiles       []ONVIFProfile
	NoMedia2       bool // only the older media service; H.265 is then not named
	NoServices     bool // only GetCapabilities
	NoPTZ          bool
	NoEvents       bool
	Range          float64       // of velocities; default 1
	Skew           time.Duration // its clock minus ours
	Says           string        // host:port it names in addresses; default its own
	Away           string        // of ONVIFRedirect
	Group          netip.AddrPort
	Interface      string // with Group: it answers WS-Discovery on this interface
	Strangers      int    // answers to a search that speak for other addresses, before its own
}

// ONVIF is the ONVIF side of a camera. Safe for concurrent use.
type ONVIF struct {
	cfg    ONVIFConfig
	ln     net.Listener
	srv    *http.Server
	search net.PacketConn
	end    context.CancelFunc
	ctx    context.Context
	wg     sync.WaitGroup

	mu       sync.Mutex
	fault    ONVIFFault
	asked    map[string]int // operations that were carried out
	refused  int            // logins
	nonces   map[string]bool
	http     map[string]int // HTTP nonces and their counters
	head     head
	points   map[string]*pullPoint
	nextID   int
	lastAuth string // Authorization header as last received
}

// NewONVIF starts one.
func NewONVIF(cfg ONVIFConfig) (*ONVIF, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Make == "" {
		cfg.Make, cfg.Model = "Testcam", "T-1000"
	}
	if cfg.Range == 0 {
		cfg.Range = 1
	}
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	o := &ONVIF{cfg: cfg, ln: ln, asked: map[string]int{}, nonces: map[string]bool{}, http: map[string]int{}, points: map[string]*pullPoint{}}
	o.ctx, o.end = context.WithCancel(context.Background())
	if cfg.Group.IsValid() {
		if err := o.answerSearches(); err != nil {
			_ = ln.Close()
			return nil, err
		}
	}
	o.srv = &http.Server{Handler: o, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return o.ctx }}
	o.wg.Go(func() {
		if err := o.srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // a test camera that cannot serve is of no use
		}
	})
	return o, nil
}

// Close ends the camera and waits.
func (o *ONVIF) Close() {
	o.end()
	_ = o.srv.Close()
	if o.search != nil {
		_ = o.search.Close()
	}
	o.wg.Wait()
}

// Addr is host:port.
func (o *ONVIF) Addr() string { return o.ln.Addr().String() }

// URL is the address of the device service.
func (o *ONVIF) URL() string { return "http://" + o.Addr() + "/onvif/device_service" }

// SetFault changes how it behaves from the next request on.
func (o *ONVIF) SetFault(f ONVIFFault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = f
}

// SetLogin changes user and password.
func (o *ONVIF) SetLogin(user, password string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cfg.User, o.cfg.Password = user, password
}

// SetSkew changes the camera's clock.
func (o *ONVIF) SetSkew(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cfg.Skew = d
}

// Asked is how often an operation, such as "ContinuousMove", was carried out.
func (o *ONVIF) Asked(op string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[op]
}

// Refused is the number of requests whose login was refused.
func (o *ONVIF) Refused() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.refused
}

// says is an address of this camera as it names it.
func (o *ONVIF) says(path string) string {
	host := o.cfg.Says
	if host == "" {
		host = o.Addr()
	}
	return "http://" + host + path
}

// ServeHTTP is one SOAP message.
func (o *ONVIF) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	fault := o.fault
	o.mu.Unlock()
	if fault != ONVIFGood {
		o.misbehave(w, r, fault)
		return
	}
	m, err := readSOAP(r)
	if err != nil {
		soapFault(w, http.StatusBadRequest, "s:Sender", "ter:WellFormed", err.Error())
		return
	}
	if !open[m.op] && !o.admit(w, r, m) {
		return
	}
	do, ok := o.operations()[m.service+" "+m.op]
	if !ok {
		soapFault(w, http.StatusInternalServerError, "s:Receiver", "ter:ActionNotSupported", "Optional Action Not Implemented")
		return
	}
	o.mu.Lock()
	o.asked[m.op]++
	o.mu.Unlock()
	body, sub, reason := do(r, m)
	if sub != "" {
		soapFault(w, http.StatusBadRequest, "s:Sender", sub, reason)
		return
	}
	w.Header().Set("Content-Type", "application/soap+xml; charset=utf-8")
	_, _ = w.Write([]byte(soapHead + `<s:Body>` + body + `</s:Body></s:Envelope>`))
}

// misbehave answers as told.
func (o *ONVIF) misbehave(w http.ResponseWriter, r *http.Request, f ONVIFFault) {
	write := func(s string) bool {
		_, err := w.Write([]byte(s))
		return err == nil
	}
	switch f {
	case ONVIFGarbage:
		w.Header().Set("Content-Type", "application/soap+xml")
		write("\x00\xff<s:Envelope \x01 not at all")
	case ONVIFPage:
		write("<html><head><title>Welcome</title></head><body><p>Sign in</body></html>")
	case ONVIFSlow:
		<-r.Context().Done()
	case ONVIFBomb:
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "lol">`)
		for i := range 30 {
			b.WriteString(`<!ENTITY a` + num(i+1) + ` "` + strings.Repeat("&a"+num(i)+";", 10) + `">`)
		}
		write(b.String() + `]><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&a30;</s:Body></s:Envelope>`)
	case ONVIFDeep:
		write(strings.Repeat("<a>", 100_000))
	case ONVIFEndless:
		chunk := soapHead + `<s:Body>` + strings.Repeat("<x>yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy</x>", 1000)
		for write(chunk) && r.Context().Err() == nil {
			chunk = strings.Repeat("<x>yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy</x>", 1000)
		}
	case ONVIFRedirect:
		http.Redirect(w, r, o.cfg.Away, http.StatusTemporaryRedirect)
	case ONVIFGood, ONVIFBroken:
		soapFault(w, http.StatusInternalServerError, "s:Receiver", "ter:HardwareFailure", "It is broken")
	}
}
