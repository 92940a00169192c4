package ratelimit

import "time"

// Rules are the numbers of the local limits. What is zero or less has its
// default; counts are at most MaxCount.
type Rules struct {
	Offers                int           // SDP offers of one subject in a second (T25): 5
	OffersAtOnce          int           // of one subject in one moment, all screens of a household: 20
	OffersNode            int           // of everybody in a second (T25): 50
	Guesses               int           // unknown link secrets, set-up codes and one-time tokens of a prefix in a minute (R106): 20
	GuessBlock            time.Duration // how long the prefix is refused after one more: 15 min
	WrongPasswords        int           // wrong passwords by account and prefix in 15 min (T20): 10
	WrongPasswordsAccount int           // by account in an hour (T20): 100
	WrongPasswordsAddress int           // by prefix in an hour (T20): 300
	Requests              int           // to the API, by account or visit in a second: 100
	RequestsAtOnce        int           // of one account or visit in one moment: 1,000
	RequestsAddress       int           // to the API, by prefix in a second: 300
	RequestsAddressAtOnce int           // of one prefix in one moment, all pages behind it: 3,000
	CameraTests           int           // of an account in a minute: 10
	Mails                 int           // asked for without a login, by e-mail and by prefix in an hour: 5
	Lookups               int           // of people, by an account in a minute (R7): 30
	NewPrefixes           int           // first four letters an account has not looked for, in a day (ruling 9): 100
	WrongShareCodes       int           // wrong share codes of groups, by account and by prefix in an hour (R45): 10
}

// MaxCount bounds every count of Rules.
const MaxCount = 60_000

func (r Rules) withDefaults() Rules {
	set := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
		*n = min(*n, MaxCount)
	}
	set(&r.Offers, 5)
	set(&r.OffersAtOnce, 20)
	set(&r.OffersNode, 50)
	set(&r.Guesses, 20)
	set(&r.WrongPasswords, 10)
	set(&r.WrongPasswordsAccount, 100)
	set(&r.WrongPasswordsAddress, 300)
	set(&r.Requests, 100)
	set(&r.RequestsAtOnce, 1000)
	set(&r.RequestsAddress, 300)
	set(&r.RequestsAddressAtOnce, 3000)
	set(&r.CameraTests, 10)
	set(&r.Mails, 5)
	set(&r.Lookups, 30)
	set(&r.NewPrefixes, 100)
	set(&r.WrongShareCodes, 10)
	if r.GuessBlock <= 0 {
		r.GuessBlock = 15 * time.Minute
	}
	return r
}
