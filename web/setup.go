package web

import (
	"net/netip"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

type setupCheck struct {
	Code secret.String `json:"code"`
}

type setupFacts struct {
	Networks        []string `json:"networks"` // proposed for cameras
	LoopbackCameras bool     `json:"loopback_cameras"`
	HostNames       []string `json:"host_names"`
}

type setupInput struct {
	Code            secret.String `json:"code"`
	Email           string        `json:"email"`
	Name            string        `json:"name"`
	Password        secret.String `json:"password"`
	Language        string        `json:"language,omitempty"` // absent: the best for Accept-Language
	Zone            string        `json:"zone"`
	Networks        []string      `json:"networks"`
	LoopbackCameras bool          `json:"loopback_cameras"`
}

func setupRoutes() []route {
	return []route{
		{method: "POST", path: "/api/v1/setup/check", who: public, body: jsonBody,
			summary: "Is this the one-time code printed on the terminal? Answers what the set-up page proposes.",
			in:      setupCheck{}, out: setupFacts{}, handle: checkSetup},
		{method: "POST", path: "/api/v1/setup", who: public, body: jsonBody, wait: passwordWait, status: created,
			summary: "Make the first account, which administers the instance, and sign it in.",
			in:      setupInput{}, out: accountAnswer{}, handle: doSetup},
	}
}

// guess runs a try that names a one-time secret. Wrong ones are counted by the
// client's prefix, and too many are refused before they are looked at.
func (r *request) guess(w *ratelimit.Windows, wrong func(error) bool, try func() error) error {
	key := ratelimit.Prefix(r.client)
	if err := limited(w.Check(key)); err != nil {
		return err
	}
	err := try()
	if err != nil && wrong(err) {
		if over := limited(w.Add(key)); over != nil {
			return over
		}
	}
	return err
}

func wrongCode(err error) bool { return fault.Code(err) == fault.CodeWrongCode }

func checkSetup(r *request) error {
	var in setupCheck
	if err := r.decode(&in); err != nil {
		return err
	}
	err := r.guess(r.s.cfg.Limits.SetupCodes, wrongCode, func() error {
		return r.s.cfg.Authority.CheckSetup(r.ctx, in.Code)
	})
	if err != nil {
		return err
	}
	networks := r.s.cfg.Networks
	if networks == nil {
		networks = ingest.PrivateSubnets
	}
	names, _ := certificateNames()
	return r.ok(setupFacts{Networks: prefixStrings(networks()), LoopbackCameras: r.s.cfg.LoopbackCameras, HostNames: names})
}

func doSetup(r *request) error {
	var in setupInput
	if err := r.decode(&in); err != nil {
		return err
	}
	networks, err := parseNetworks(in.Networks)
	if err != nil {
		return err
	}
	var login authz.NewLogin
	err = r.guess(r.s.cfg.Limits.SetupCodes, wrongCode, func() (err error) {
		login, err = r.s.cfg.Authority.Setup(r.ctx, authz.SetupRequest{
			Code: in.Code, Email: in.Email,
			Profile:  authz.Profile{Name: in.Name, Password: in.Password, Language: r.language(in.Language), Zone: in.Zone},
			Networks: networks, LoopbackCameras: in.LoopbackCameras, Client: r.clientInfo(),
		})
		return err
	})
	if err != nil {
		return err
	}
	return r.signedIn(created, login)
}

// parseNetworks reads CIDR networks; a bare address is that one host.
func parseNetworks(list []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return nil, fault.Field("networks", fault.CodeBadValue, "Write networks as 192.168.1.0/24.")
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	if len(out) > 100 {
		return nil, fault.Field("networks", fault.CodeTooLong, "These are too many networks.")
	}
	return out, nil
}
