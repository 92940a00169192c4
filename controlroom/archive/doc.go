// Package archive records cameras: a sink of a layer writes fragmented MP4 files
// cut at key frames, an index beside them says which moment lies where, and
// retention keeps both within age and bytes. It decides no rights: whoever hands
// out what it reads has asked authz for every request.
//
// docs/design/archive.md says how files, index, clocks and faults fit together.
package archive
