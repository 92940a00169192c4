package config

import "net/netip"

// Outbound is what leaves for addresses that people typed in.
type Outbound struct {
	Networks []netip.Prefix `key:"outbound.networks" name:"networks" sep:"," help:"Networks that webhooks and push services may be on besides the public internet, such as 192.168.1.0/24 for a home automation server. There http:// is taken too; everywhere else only https:// is. Empty: none."`
}
