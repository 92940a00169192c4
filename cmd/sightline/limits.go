package main

import (
	"sightline/cmd/sightline/config"
	"sightline/controlroom"
	"sightline/ratelimit"
)

// roomLimits are the configured numbers of the control room.
func roomLimits(l config.Limits) controlroom.Limits {
	return controlroom.Limits{
		PerVisit: l.ViewingVisit, PerAccount: l.ViewingAccount, PlayersPer: l.PlayersAccount, Views: l.Views, Idle: l.Idle,
		SubMaxPx: l.SubMaxPx, SubFromTiles: l.SubFromTiles,
	}
}

// limitRules are the configured numbers of the local limits.
func limitRules(l config.Limits) ratelimit.Rules {
	return ratelimit.Rules{
		Offers: l.Offers, OffersAtOnce: l.OffersAtOnce, OffersNode: l.OffersNode,
		Guesses: l.Guesses, GuessBlock: l.GuessBlock,
		WrongPasswords: l.WrongPasswords, WrongPasswordsAccount: l.WrongPasswordsAccount, WrongPasswordsAddress: l.WrongPasswordsAddress,
		Requests: l.RequestsAccount, RequestsAtOnce: l.RequestsAccountAtOnce,
		RequestsAddress: l.RequestsAddress, RequestsAddressAtOnce: l.RequestsAddressAtOnce,
		CameraTests: l.CameraTests, Mails: l.Mails,
		Lookups: l.Lookups, NewPrefixes: l.NewPrefixes, WrongShareCodes: l.WrongShareCodes,
	}
}
