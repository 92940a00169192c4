package authz

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// Config of an Authority. Store and Seal are required.
type Config struct {
	Store      kv.Store
	Seal       *seal.Box
	Log        *slog.Logger          // nil: discard
	Registerer prometheus.Registerer // nil: no metrics
	Node       string                // this node's name among others on one store
	DataDir    string                // keeps the last seen epoch and revision; "" = nowhere (tests)
	Mail       bool                  // mail can be sent: invitations, verification and reset go out
	Lease      time.Duration         // 30 s
	OwnerHold  time.Duration         // 1 h
	Poll       time.Duration         // 500 ms
	Timeout    time.Duration         // of all store calls of one request: 250 ms
	NewPlan    Plan                  // of new accounts: trial
	Trial      time.Duration         // 30 d
	ShareLinks int                   // share links an account: 3
	TempLinks  int                   // open temporary links a camera: 10
	Cameras    int                   // cameras an account: 500
	Clock      clock.Clock           // for transaction ids only; records use store time
	Mono       func() int64          // clock.Mono
}

// Authority answers who may do what, and owns the records that say so. Safe for
// concurrent use.
type Authority struct{ cfg Config }

// New makes an authority; nothing runs and nothing is confirmed before Run.
func New(cfg Config) *Authority { return &Authority{cfg: cfg} }

// Lease keeps one subscription alive. Only the authority moves it.
type Lease struct{}

// --- deciding -----------------------------------------------------------------

// Run is the node's loop: it follows the store, confirms, decides touched
// subscriptions again and cuts. It returns when ctx ends; leases then run out.
func (a *Authority) Run(ctx context.Context) error { panic("soon") }

// Ready is nil when the store was heard from in the last 2 s and is the one this
// node knows; else a sentence why not.
func (a *Authority) Ready() error { panic("soon") }

// Authenticate finds who a login cookie or a bearer token belongs to, in one
// read. fault.Unauthenticated not_signed_in (unknown) or login_ended (ended,
// suspended: account_suspended), fault.Unavailable.
func (a *Authority) Authenticate(ctx context.Context, credential secret.String) (Subject, *Account, error) {
	panic("soon")
}

// AuthenticateVisit finds the guest behind a visit cookie of a link; anything
// wrong is fault.Gone link_gone.
func (a *Authority) AuthenticateVisit(ctx context.Context, link string, cookie secret.String) (Subject, VisitInfo, error) {
	panic("soon")
}

// Check decides on facts read now, in one round trip (two when group lists
// moved). The error is only for a store that does not answer.
func (a *Authority) Check(ctx context.Context, s Subject, act Action, o Object) (Decision, error) {
	panic("soon")
}

// Subscribe decides and, if allowed, returns a lease. onEnd is called once, on
// the authority's goroutine, after ValidUntil became 0 and never after Release;
// it must not block. A denial has no lease and a nil error.
func (a *Authority) Subscribe(ctx context.Context, s Subject, camera string, act Action, onEnd func(Decision)) (*Lease, Decision, error) {
	panic("soon")
}

// ValidUntil is the instant on clock.Mono from which nothing may be forwarded;
// 0 once ended. Two or three atomic loads.
func (l *Lease) ValidUntil() int64 { panic("soon") }

// Release ends the lease without a call of onEnd. Idempotent.
func (l *Lease) Release() { panic("soon") }

// WaitCut waits until every live node has applied the revision, at most 1 s,
// and returns the names of those that have not.
func (a *Authority) WaitCut(ctx context.Context, revision uint64) (behind []string) { panic("soon") }

// Adopt makes the store as it is now the one this node trusts (sightline
// adopt-store), whatever its epoch and revision.
func Adopt(ctx context.Context, store kv.Store, dataDir string) error { panic("soon") }

// --- set-up and instance --------------------------------------------------------

// SetupRequired reports whether no account has been set up yet.
func (a *Authority) SetupRequired(ctx context.Context) (bool, error) { panic("soon") }

// SetupCode is this process's one-time set-up code, for the terminal.
func (a *Authority) SetupCode() secret.String { panic("soon") }

// CheckSetup is nil when set-up is open and the code is right; fault.Invalid
// wrong_code on field "code", fault.Conflict setup_done.
func (a *Authority) CheckSetup(ctx context.Context, code secret.String) error { panic("soon") }

// SetupRequest makes the first account: instance administrator, plan pro.
type SetupRequest struct {
	Code            secret.String
	Profile         Profile
	Email           string
	Networks        []netip.Prefix
	LoopbackCameras bool
	Client          Client
}

// Profile is what a person says of himself when an account is made.
type Profile struct {
	Name     string
	Password secret.String
	Language string
	Zone     string
}

// Client is where a request came from.
type Client struct {
	IP      netip.Addr
	Browser string // family
}

// NewLogin is a fresh sign-in; Cookie is shown to the browser and to nobody else.
type NewLogin struct {
	Subject Subject
	Account Account
	Cookie  secret.String
	Ends    time.Time
}

// Setup makes the first account and signs it in.
func (a *Authority) Setup(ctx context.Context, in SetupRequest) (NewLogin, error) { panic("soon") }

// Instance returns the installation's settings; before set-up its defaults.
func (a *Authority) Instance(ctx context.Context) (Instance, error) { panic("soon") }

// InstancePatch changes settings; nil leaves one as it is.
type InstancePatch struct {
	Registration    *Registration
	Networks        *[]netip.Prefix
	LoopbackCameras *bool
}

// UpdateInstance is for the instance administrator and the operator.
func (a *Authority) UpdateInstance(ctx context.Context, s Subject, p InstancePatch) (Instance, error) {
	panic("soon")
}

// --- accounts -------------------------------------------------------------------

// NewAccount is an account made by the operator.
type NewAccount struct {
	Email         string
	Profile       Profile
	Plan          Plan // "" = the plan of new accounts
	InstanceAdmin bool
	Networks      []netip.Prefix // used only when this is the first account
	Loopback      bool           // likewise
}

// AddAccount is for the operator. The first account also completes set-up.
func (a *Authority) AddAccount(ctx context.Context, s Subject, in NewAccount) (Account, error) {
	panic("soon")
}

// Account returns the subject's own account.
func (a *Authority) Account(ctx context.Context, s Subject) (Account, error) { panic("soon") }

// AccountName returns the name to show for another account, "" when it is gone.
// For owners of cameras and links the subject already sees.
func (a *Authority) AccountNames(ctx context.Context, ids []string) (map[string]string, error) {
	panic("soon")
}

// AccountSummary is a row of the instance administrator's list.
type AccountSummary struct {
	Account Account
	Cameras int
}

// Accounts lists all accounts, for the instance administrator.
func (a *Authority) Accounts(ctx context.Context, s Subject) ([]AccountSummary, error) {
	panic("soon")
}

// FindAccount finds one by e-mail, for the operator.
func (a *Authority) FindAccount(ctx context.Context, s Subject, email string) (Account, error) {
	panic("soon")
}

// ProfilePatch changes one's own profile; nil leaves a field as it is.
type ProfilePatch struct {
	Name      *string
	Language  *string
	Zone      *string
	Theme     *string
	Shortcuts *bool
	Hidden    *bool
}

// UpdateProfile changes the subject's own profile.
func (a *Authority) UpdateProfile(ctx context.Context, s Subject, p ProfilePatch) (Account, error) {
	panic("soon")
}

// ChangePassword needs the current one (wrong: fault.Invalid bad_login on
// "current"); every other login ends.
func (a *Authority) ChangePassword(ctx context.Context, s Subject, current, next secret.String) error {
	panic("soon")
}

// SetPlan is for the instance administrator and the operator.
func (a *Authority) SetPlan(ctx context.Context, s Subject, account string, p Plan) (Account, error) {
	panic("soon")
}

// SetState suspends or re-activates; not the last instance administrator.
func (a *Authority) SetState(ctx context.Context, s Subject, account string, st AccountState) (Account, error) {
	panic("soon")
}

// CloseAccount ends an account for ever: by itself, or by the operator.
func (a *Authority) CloseAccount(ctx context.Context, s Subject, account string) (kv.Commit, error) {
	panic("soon")
}

// --- signing in -------------------------------------------------------------------

// SignIn checks e-mail and password and makes a login. fault.Unauthenticated
// bad_login or account_suspended; fault.Unavailable busy.
func (a *Authority) SignIn(ctx context.Context, email string, password secret.String, c Client) (NewLogin, error) {
	panic("soon")
}

// SignOut ends the subject's own login; its streams are cut before it returns.
func (a *Authority) SignOut(ctx context.Context, s Subject) error { panic("soon") }

// Logins lists the subject's logins, newest use first.
func (a *Authority) Logins(ctx context.Context, s Subject) ([]Login, error) { panic("soon") }

// EndLogin ends one of the subject's logins; unknown is NotFound.
func (a *Authority) EndLogin(ctx context.Context, s Subject, id string) error { panic("soon") }

// Tokens lists the subject's personal access tokens.
func (a *Authority) Tokens(ctx context.Context, s Subject) ([]Token, error) { panic("soon") }

// CreateToken makes a personal access token; the secret is shown this once.
// life 0 means until revoked. The operator names the account in s.Account.
func (a *Authority) CreateToken(ctx context.Context, s Subject, name string, life time.Duration) (Token, secret.String, error) {
	panic("soon")
}

// RevokeToken ends one of the subject's tokens; its streams are cut.
func (a *Authority) RevokeToken(ctx context.Context, s Subject, id string) error { panic("soon") }

// --- invitations, registration, reset -----------------------------------------------

// Handed is a one-time secret: mailed by us, or to be handed over by a person.
type Handed struct {
	Secret secret.String // empty when Mailed
	Mailed bool
	Ends   time.Time
}

// Invite makes an invitation for an e-mail address. base is the origin of the
// page, for the link in the mail when there is no public URL (so elsewhere here).
func (a *Authority) Invite(ctx context.Context, s Subject, email, base string) (Invitation, Handed, error) {
	panic("soon")
}

// Invitations lists those not redeemed and not over.
func (a *Authority) Invitations(ctx context.Context, s Subject) ([]Invitation, error) { panic("soon") }

// RevokeInvitation withdraws one.
func (a *Authority) RevokeInvitation(ctx context.Context, s Subject, id string) error { panic("soon") }

// CheckInvitation returns what a secret invites to; fault.Gone token_invalid.
func (a *Authority) CheckInvitation(ctx context.Context, tok secret.String) (Invitation, error) {
	panic("soon")
}

// RedeemInvitation makes the account (its e-mail is verified by this) and signs it in.
func (a *Authority) RedeemInvitation(ctx context.Context, tok secret.String, p Profile, c Client) (NewLogin, error) {
	panic("soon")
}

// Register makes an unverified account where registration is open and mails the
// verification. An address that has an account gets the same answer.
func (a *Authority) Register(ctx context.Context, email string, p Profile, base string) error {
	panic("soon")
}

// Verify marks the e-mail behind a one-time link as verified.
func (a *Authority) Verify(ctx context.Context, tok secret.String) error { panic("soon") }

// RequestReset mails a reset link; unknown addresses get the same nil.
// fault.Conflict mail_off without mail.
func (a *Authority) RequestReset(ctx context.Context, email, base string) error { panic("soon") }

// ResetAccount makes a reset for somebody: instance administrator or operator.
func (a *Authority) ResetAccount(ctx context.Context, s Subject, account, base string) (Handed, error) {
	panic("soon")
}

// RedeemReset sets a new password; all logins end. fault.Gone token_invalid.
func (a *Authority) RedeemReset(ctx context.Context, tok secret.String, next secret.String) error {
	panic("soon")
}

// --- cameras ----------------------------------------------------------------------

// CameraSpec is what an owner says of a camera.
type CameraSpec struct {
	ID    string // "" = a new one; controlroom may choose it with NewID, to seal credentials first
	Name  string
	Kind  CameraKind // "" = rtsp
	Zone  string     // "" = the account's
	Sound bool
	Off   bool
}

// CameraPatch changes a camera; nil leaves a field as it is.
type CameraPatch struct {
	Name    *string
	Zone    *string
	Order   *int
	Sound   *bool
	Enabled *bool
}

// CameraAccess is a camera as one subject may see it: Live is the decision on
// its live picture now.
type CameraAccess struct {
	Camera Camera
	Owner  Account
	Mine   bool
	Live   Decision
	Sound  bool // the subject may hear it
}

// CreateCamera makes a camera of the subject's account; extra writes (its source)
// are in the same commit.
func (a *Authority) CreateCamera(ctx context.Context, s Subject, in CameraSpec, extra ...kv.Write) (Camera, error) {
	panic("soon")
}

// UpdateCamera changes an own camera, with extra writes in the same commit.
func (a *Authority) UpdateCamera(ctx context.Context, s Subject, id string, p CameraPatch, extra ...kv.Write) (Camera, error) {
	panic("soon")
}

// DeleteCamera removes an own camera: its streams, grants and shares end with it.
func (a *Authority) DeleteCamera(ctx context.Context, s Subject, id string, extra ...kv.Write) (kv.Commit, error) {
	panic("soon")
}

// OrderCameras stores the owner's order; an id that is not his is NotFound.
func (a *Authority) OrderCameras(ctx context.Context, s Subject, ids []string) error { panic("soon") }

// CameraOf returns one camera as the subject may see it; invisible is NotFound.
func (a *Authority) CameraOf(ctx context.Context, s Subject, id string) (CameraAccess, error) {
	panic("soon")
}

// CamerasOf lists what the subject may see: own in order, then others by name.
func (a *Authority) CamerasOf(ctx context.Context, s Subject) ([]CameraAccess, error) { panic("soon") }

// --- grants and offers ---------------------------------------------------------------

// AccessRow is one person's row in a camera's table.
type AccessRow struct {
	Grant       Grant
	Name        string
	EmailMasked string
	State       string // offered accepted declined expired
}

// AccessTable is who has access to a camera; Version guards Save.
type AccessTable struct {
	Version uint64
	Rows    []AccessRow
}

// GrantEdit is one row of a Save: an existing grant by id, or a new one by e-mail.
type GrantEdit struct {
	GrantID             string
	Email               string
	Levels              Levels
	Schedule            *Schedule
	Until               time.Time
	Message             string
	OnlyHours, OnlyFrom bool
}

// Access returns the table of an own camera.
func (a *Authority) Access(ctx context.Context, s Subject, camera string) (AccessTable, error) {
	panic("soon")
}

// SaveAccess replaces the table, all or nothing: rows left out are revoked, new
// ones become offers. fault.Conflict stale when Version is not the stored one.
func (a *Authority) SaveAccess(ctx context.Context, s Subject, camera string, version uint64, rows []GrantEdit) (AccessTable, error) {
	panic("soon")
}

// Offer is a grant as its recipient sees it.
type Offer struct {
	Grant  Grant
	Camera Camera
	Owner  Account
	State  string // offered accepted declined expired
}

// Offers lists the subject's grants in every state; the badge counts "offered".
func (a *Authority) Offers(ctx context.Context, s Subject) ([]Offer, error) { panic("soon") }

// AcceptOffer and RejectOffer are idempotent by grant id; a revoked one is NotFound.
func (a *Authority) AcceptOffer(ctx context.Context, s Subject, grant string) error { panic("soon") }
func (a *Authority) RejectOffer(ctx context.Context, s Subject, grant string) error { panic("soon") }

// --- links ---------------------------------------------------------------------------

// NewLink asks for a link. Share: Name, Cameras, RiskAcknowledged. Temporary:
// one camera, Starts and Ends.
type NewLink struct {
	Kind             LinkKind
	Name             string
	Cameras          []string
	RiskAcknowledged bool
	Starts, Ends     time.Time
	Password         secret.String
	MaxViewers       int
	Sound            bool
	Note             string
}

// LinkPatch changes a link; nil leaves a field as it is. The name cannot change.
type LinkPatch struct {
	Cameras      *[]string
	Starts, Ends *time.Time
	Password     *secret.String // empty removes it
	MaxViewers   *int
	Sound        *bool
	Note         *string
}

// LinkView is a link as its owner sees it.
type LinkView struct {
	Link     Link
	State    string // active scheduled ended paused_owner paused_plan
	Secret   secret.String
	Cameras  []Camera
	LastOpen time.Time
}

// CreateLink: fault.Forbidden plan_mini, fault.Conflict link_cap,
// fault.Invalid risk_not_acknowledged | name_taken …
func (a *Authority) CreateLink(ctx context.Context, s Subject, in NewLink) (LinkView, error) {
	panic("soon")
}

// Links lists the subject's links with their secrets, and "used of cap" for share links.
func (a *Authority) Links(ctx context.Context, s Subject) (links []LinkView, used, limit int, err error) {
	panic("soon")
}

// UpdateLink changes an own link.
func (a *Authority) UpdateLink(ctx context.Context, s Subject, id string, p LinkPatch) (LinkView, error) {
	panic("soon")
}

// PauseLink and ResumeLink: the same URL works again after resume.
func (a *Authority) PauseLink(ctx context.Context, s Subject, id string) (kv.Commit, error) {
	panic("soon")
}
func (a *Authority) ResumeLink(ctx context.Context, s Subject, id string) (kv.Commit, error) {
	panic("soon")
}

// RemoveLink ends a link for ever; its guests are cut before it returns.
func (a *Authority) RemoveLink(ctx context.Context, s Subject, id string) (kv.Commit, error) {
	panic("soon")
}

// --- guests ----------------------------------------------------------------------------

// VisitState is what a guest's page shows.
type VisitState string

const (
	VisitNotYet           VisitState = "not_yet"
	VisitLive             VisitState = "live"
	VisitPaused           VisitState = "paused"
	VisitEnded            VisitState = "ended"
	VisitPasswordRequired VisitState = "password_required"
	VisitThrottled        VisitState = "throttled"
)

// VisitInfo is what a guest's page needs.
type VisitInfo struct {
	State     VisitState
	Reason    Reason    // when not live
	Since     time.Time // of a pause or an end
	Until     time.Time // live: when it ends; not_yet: when it begins
	Name      string
	OwnerName string
	Language  string
	Zone      string
	Cameras   []Camera // that exist, in the owner's order
	Sound     bool
	Owner     bool // the link's owner himself
	Now       time.Time
}

// Exchange trades a link's secret for its id and a ticket (60 s). asker is the
// account that may be signed in, for R86. Unknown, malformed and removed are the
// same fault.Gone link_gone.
func (a *Authority) Exchange(ctx context.Context, sec secret.String, asker Subject) (link string, ticket secret.String, err error) {
	panic("soon")
}

// Visit begins or goes on with a visit: a valid cookie is kept, else the ticket
// makes one and cookie is the new secret (empty when kept). Anything wrong is
// fault.Gone link_gone.
func (a *Authority) Visit(ctx context.Context, link string, ticket, cookie secret.String, c Client) (s Subject, newCookie secret.String, info VisitInfo, err error) {
	panic("soon")
}

// VisitPassword gives the link's password for this visit, once; fault.Forbidden password_wrong.
func (a *Authority) VisitPassword(ctx context.Context, s Subject, password secret.String) error {
	panic("soon")
}
