package fault

// Input codes: the third closed list of spec ruling 16. Decision reasons live in
// authz, media reasons in sfu; no code stands in two lists. Each has a sentence
// in every catalogue and a test.
const (
	CodeInternal         = "internal"
	CodeBadJSON          = "bad_json"
	CodeBadSDP           = "bad_sdp"
	CodeTooLarge         = "too_large"
	CodeCompressed       = "compressed_body"
	CodeUnsupportedType  = "unsupported_type"
	CodeBadHost          = "bad_host"
	CodeCrossSite        = "cross_site"
	CodeNotSignedIn      = "not_signed_in"
	CodeBadLogin         = "bad_login"
	CodeWrongCode        = "wrong_code"
	CodeSetupDone        = "setup_done"
	CodeRequired         = "required"
	CodeTooShort         = "too_short"
	CodeTooLong          = "too_long"
	CodeBadEmail         = "bad_email"
	CodeEmailTaken       = "email_taken"
	CodeWeakPassword     = "weak_password"
	CodeBadURL           = "bad_url"
	CodeAddressDenied    = "address_denied"
	CodeBadZone          = "bad_zone"
	CodeBadLanguage      = "bad_language"
	CodeBadValue         = "bad_value"
	CodeNameTaken        = "name_taken"
	CodeNotFound         = "no_such_thing"
	CodeMethod           = "method_not_allowed"
	CodeTokenInvalid     = "token_invalid"
	CodeRegistrationShut = "registration_closed"
	CodeMailOff          = "mail_off"
	CodeBusy             = "busy"
	CodeConflict         = "conflict"
	CodeStoreVersion     = "store_version"
)
