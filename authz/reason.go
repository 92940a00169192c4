package authz

// Reason says why a decision is what it is. The list is closed (spec 6.4 and
// ruling 16): each has a sentence in every catalogue and a test. Media reasons
// live in sfu, input errors in internal/fault; no word stands in two lists.
type Reason string

const (
	ReasonOK                  Reason = "ok"
	ReasonNotOwner            Reason = "not_owner"
	ReasonNotRegistered       Reason = "not_registered"
	ReasonOfferPending        Reason = "offer_pending"
	ReasonOfferRejected       Reason = "offer_rejected"
	ReasonRevoked             Reason = "revoked"
	ReasonExpired             Reason = "expired"
	ReasonOutsideSchedule     Reason = "outside_schedule"
	ReasonLevelMissing        Reason = "level_missing"
	ReasonCameraOff           Reason = "camera_off"
	ReasonCameraGone          Reason = "camera_gone"
	ReasonNotMember           Reason = "not_member"
	ReasonRoleViewer          Reason = "role_viewer"
	ReasonLinkNotStarted      Reason = "link_not_started"
	ReasonLinkEnded           Reason = "link_ended"
	ReasonLinkPaused          Reason = "link_paused"
	ReasonLinkPausedPlan      Reason = "link_paused_plan"
	ReasonLinkRemoved         Reason = "link_removed"
	ReasonLinkGone            Reason = "link_gone"
	ReasonPasswordRequired    Reason = "password_required"
	ReasonPasswordWrong       Reason = "password_wrong"
	ReasonTooManyViewers      Reason = "too_many_viewers"
	ReasonLimitedMode         Reason = "limited_mode"
	ReasonOutOfWindow         Reason = "out_of_window"
	ReasonThrottledUsers      Reason = "throttled_users"
	ReasonThrottledGallery    Reason = "throttled_gallery"
	ReasonThrottledHours      Reason = "throttled_hours"
	ReasonThrottledEgress     Reason = "throttled_egress"
	ReasonFrozenIdle          Reason = "frozen_idle"
	ReasonPlanMini            Reason = "plan_mini"
	ReasonLinkCap             Reason = "link_cap"
	ReasonNameImmutable       Reason = "name_immutable"
	ReasonRiskNotAcknowledged Reason = "risk_not_acknowledged"
	ReasonQuotaFull           Reason = "quota_full"
	ReasonStale               Reason = "stale"
	ReasonRateLimited         Reason = "rate_limited"
	ReasonUnavailable         Reason = "authz_unavailable"
	ReasonLoginEnded          Reason = "login_ended"
	ReasonStoppedByOwner      Reason = "stopped_by_owner"
	ReasonIPBlocked           Reason = "ip_blocked"
	ReasonAccountSuspended    Reason = "account_suspended"
	ReasonEmailUnverified     Reason = "email_unverified"
	ReasonGroupGone           Reason = "group_gone"
)

// Reasons lists every decision reason, for the tests of catalogues and metrics.
func Reasons() []Reason {
	return []Reason{
		ReasonOK, ReasonNotOwner, ReasonNotRegistered, ReasonOfferPending, ReasonOfferRejected, ReasonRevoked,
		ReasonExpired, ReasonOutsideSchedule, ReasonLevelMissing, ReasonCameraOff, ReasonCameraGone, ReasonNotMember,
		ReasonRoleViewer, ReasonLinkNotStarted, ReasonLinkEnded, ReasonLinkPaused, ReasonLinkPausedPlan,
		ReasonLinkRemoved, ReasonLinkGone, ReasonPasswordRequired, ReasonPasswordWrong, ReasonTooManyViewers,
		ReasonLimitedMode, ReasonOutOfWindow, ReasonThrottledUsers, ReasonThrottledGallery, ReasonThrottledHours,
		ReasonThrottledEgress, ReasonFrozenIdle, ReasonPlanMini, ReasonLinkCap, ReasonNameImmutable, ReasonRiskNotAcknowledged,
		ReasonQuotaFull, ReasonStale, ReasonRateLimited, ReasonUnavailable, ReasonLoginEnded, ReasonStoppedByOwner,
		ReasonIPBlocked, ReasonAccountSuspended, ReasonEmailUnverified, ReasonGroupGone,
	}
}
