package controlroom

import (
	"context"

	"sightline/authz"
	"sightline/ingest"
	"sightline/sfu"
)

// What a viewing session needs of its neighbours, declared here so that the
// reconciler can be tried against parts that fail on command.

// lease is the running right to one camera; it is the gate of what it allows.
type lease interface {
	sfu.Gate
	Decision() authz.Decision // as it stands now: its end may move while it runs
	Release()
}

// decider gives out leases and answers who may do what.
type decider interface {
	// subscribe returns a lease only together with an allowed decision.
	subscribe(ctx context.Context, sub authz.Subject, camera string, act authz.Action, onEnd func(authz.Decision)) (lease, authz.Decision, error)
}

// fleet is where cameras' streams come from.
type fleet interface {
	Streams(id string) (ingest.Streams, bool)
	Hold(id string, l ingest.Layer) (release func())
	State(id string) (ingest.CameraState, bool)
	TryNow(id string)
}

// peer is one WebRTC connection.
type peer interface {
	Renegotiate(offer string) (answer string, err error)
	Mids() []sfu.Mid
	Attach(mid string, s sfu.Subscription) error
	Detach(mid string)
	SetWant(mid string, layer int)
	SetRank(mid string, rank int)
	LastForwarded() int64
	SentBytes() map[string]uint64 // by mid, only growing
	Close()
}

// dialer makes peers.
type dialer interface {
	newPeer(ctx context.Context, cfg sfu.PeerConfig) (peer, string, error)
}

type authzDecider struct{ *authz.Authority }

func (a authzDecider) subscribe(ctx context.Context, sub authz.Subject, camera string, act authz.Action, onEnd func(authz.Decision)) (lease, authz.Decision, error) {
	l, d, err := a.Subscribe(ctx, sub, camera, act, onEnd)
	if l == nil {
		return nil, d, err
	}
	return l, d, err
}

type engineDialer struct{ *sfu.Engine }

func (e engineDialer) newPeer(ctx context.Context, cfg sfu.PeerConfig) (peer, string, error) {
	p, answer, err := e.NewPeer(ctx, cfg)
	if err != nil {
		return nil, "", err
	}
	return p, answer, nil
}
