package main

type benchCmds struct {
	Media  benchMediaCmd  `cmd:"" default:"withargs" help:"First picture, latency, walls, layers, and what a delivered packet and a viewer cost."`
	Revoke benchRevokeCmd `cmd:"" help:"From a request that ends a right to the last packet, for every way a right ends."`
}
