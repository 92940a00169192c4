package controlroom

import (
	"slices"

	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/sfu"
)

// checkTiles refuses a tile list that cannot be meant: too many tiles, a cell
// twice, a cell with both a camera and a still. It returns the list by cell.
func checkTiles(tiles []TileWant, limit int) ([]TileWant, error) {
	if len(tiles) > limit {
		return nil, fault.Newf(fault.Invalid, fault.CodeTooLarge, "A viewing session has at most %d tiles.", limit)
	}
	out := slices.Clone(tiles)
	slices.SortFunc(out, func(a, b TileWant) int { return a.Cell - b.Cell })
	for i, t := range out {
		switch {
		case t.Cell < 0 || t.Cell >= 64:
			return nil, fault.Field("tiles", fault.CodeBadValue, "A cell's number is between 0 and 63.")
		case i > 0 && out[i-1].Cell == t.Cell:
			return nil, fault.Field("tiles", fault.CodeBadValue, "A cell appears twice.")
		case len(t.Camera) > 64:
			return nil, fault.Field("tiles", fault.CodeTooLong, "That is not a camera's id.")
		case t.Camera != "" && t.Still != 0, t.Camera == "" && t.Still < 1, t.Still > 1000:
			return nil, fault.Field("tiles", fault.CodeBadValue, "A cell holds a camera or a still.")
		case t.Px < 0 || t.Px > 1<<15:
			return nil, fault.Field("tiles", fault.CodeBadValue, "A tile's width is in device pixels.")
		}
	}
	return out, nil
}

// wantsMain is the layer rule of spec ruling 10: full screen takes the main
// layer; a tile wider than maxPx takes it too, as long as the screen shows at
// most maxTiles live tiles. What is only warm takes the sub layer.
func wantsMain(t TileWant, live, maxPx, maxTiles int) bool {
	return !t.Warm && (t.Focus || (t.Px > maxPx && live <= maxTiles))
}

// layerWhy says why a tile has the layer that is sent to it.
func layerWhy(t TileWant, live int, lim Limits, whep string, sent ingest.Layer, have int, main ingest.LayerState, r sfu.Reason) string {
	wants := wantsMain(t, live, lim.SubMaxPx, lim.SubFromTiles)
	switch {
	case have < 2:
		return LayerOnly
	case whep == "sub" || whep == "main":
		return LayerAsked
	case sent == ingest.Main && t.Focus:
		return LayerFocus
	case sent == ingest.Main && wants:
		return LayerSize
	case sent == ingest.Main: // the sub layer cannot be shown
		return LayerOnly
	case wants && r == sfu.ReasonLowBandwidth:
		return LayerBandwidth
	case wants && main.Status == ingest.Live, wants && main.Status == ingest.Connecting:
		return LayerStarting
	case wants:
		return LayerOnly
	case t.Px > lim.SubMaxPx:
		return LayerTiles
	}
	return LayerSize
}

// liveTiles counts the tiles that show a camera to somebody.
func liveTiles(tiles []TileWant) int {
	n := 0
	for _, t := range tiles {
		if t.Camera != "" && !t.Warm {
			n++
		}
	}
	return n
}

// match finds for each wanted tile the running one that goes on as it, as an
// index into have, or -1. A camera that stays on the screen keeps its mid, its
// lease and its picture, whatever cell it moves to; with the same camera in
// several cells, the one that stays in its cell comes first.
func match(have, want []TileWant) []int {
	out := make([]int, len(want))
	used := make([]bool, len(have))
	for i := range out {
		out[i] = -1
	}
	pass := func(sameCell bool) {
		for i, w := range want {
			if out[i] >= 0 || w.Camera == "" {
				continue
			}
			for j, h := range have {
				if !used[j] && h.Camera == w.Camera && (!sameCell || h.Cell == w.Cell) {
					out[i], used[j] = j, true
					break
				}
			}
		}
	}
	pass(true)
	pass(false)
	return out
}
