// Package gallery keeps images: it accepts arrivals, lists them to their owner,
// hands copies to everybody in the camera's groups, and shows guests of a share
// link the newest of its cameras.
//
// An account's images are rows in the account's own space, newest last by id.
// Their bytes are blobs by content hash, shared by all rows that say the same;
// who still needs a blob is in reference records (see reference.go). The order
// of writes makes every crash harmless: reference, bytes, row when an image
// comes; row, reference, bytes when it goes. What a crash leaves over is a
// reference without a row, which the sweep drops.
package gallery
