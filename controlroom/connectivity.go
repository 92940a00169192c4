package controlroom

import (
	"context"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/sfu"
)

// ConnectionTestRequest is the offer of a connection test: any receive-only media.
type ConnectionTestRequest struct {
	SDP string `json:"sdp"`
}

// ConnectionTest is a begun test. The client applies the answer and then reads the report
// until its state is not connecting; after a minute it is gone.
type ConnectionTest struct {
	ID         string          `json:"id"`
	SDP        string          `json:"sdp"`
	ICEServers []sfu.ICEServer `json:"ice_servers,omitempty"`
}

// TestConnection tries the ways between an account's browser and this node, with a
// connection that carries nothing. Errors are those of sfu.Trials.Begin.
func (r *Room) TestConnection(ctx context.Context, sub authz.Subject, sdp string) (ConnectionTest, error) {
	if sub.Kind != authz.AccountSubject || sub.Session() == "" {
		return ConnectionTest{}, r.refused(fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "Sign in first."))
	}
	id := authz.NewID()
	answer, err := r.trials.Begin(ctx, id, sub.Session(), sdp)
	if err != nil {
		return ConnectionTest{}, r.refused(err)
	}
	return ConnectionTest{ID: id, SDP: answer, ICEServers: r.ICEServers()}, nil
}

// ConnectionReport says how the test does. It is for the login that began it only.
func (r *Room) ConnectionReport(sub authz.Subject, id string) (sfu.Connectivity, error) {
	c, ok := r.trials.Report(id, sub.Session())
	if !ok {
		return sfu.Connectivity{}, errNoSession()
	}
	return c, nil
}
