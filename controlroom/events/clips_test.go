package events

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A trace is what the detector sees of a clip: one line a picture, "K" or "P",
// its bytes and its quantiser (-1 where the codec does not tell).
type trace struct {
	scene, coder string
	pics         []picture
}

const (
	clipFPS    = 15
	clipLength = 60 // seconds
)

// span is a stretch of a clip in which something moves, in seconds.
type span struct{ from, to float64 }

type clipScene struct {
	name, words string
	filter      string // of [0:v] (the picture, 640x360) and [1:v] (another picture), to [v]
	moves       []span
	seconds     int // 0: clipLength
}

const sensor = "noise=alls=5:allf=t"

// walker draws somebody of a height in pixels onto [in], as [out]: a body that
// sways and legs that swing, for what only shifts costs an encoder nothing.
func walker(in, out string, height int, x string, y int) string {
	w, body, leg := height*3/8, height/2, height/2
	limb := height / 7
	part := func(name string, w, h, at int, turn string) string {
		return fmt.Sprintf("[1:v]crop=%d:%d:%d:150,eq=brightness=0.12:contrast=1.4,format=yuva420p,rotate=a='%s':ow=%d:oh=%d:c=none[%s];", w, h, at, turn, w+h/2, h+w/2, name)
	}
	put := func(in, what, out string, dx, dy int) string {
		return fmt.Sprintf("[%s][%s]overlay=x='%s+%d':y=%d+%d:eval=frame[%s];", in, what, x, dx, y, dy, out)
	}
	return part(out+"b", w, body, 200, "0.12*sin(6*t)") + part(out+"l", limb, leg, 240, "0.6*sin(6.5*t)") + part(out+"r", limb, leg, 260, "-0.6*sin(6.5*t)") +
		put(in, out+"l", out+"1", 0, body-6) + put(out+"1", out+"r", out+"2", w/3, body-6) + put(out+"2", out+"b", out, 0, 0)
}

const (
	crossing = "if(between(t,25,33),-44+86*(t-25),if(between(t,45,50),640-137*(t-45),-200))"
	rain     = "color=gray:s=640x360:r=15,noise=alls=100:allf=t,gblur=sigma=0.4:sigmaV=5,lutyuv=y='clip((val-128)*10,0,255)':u=128:v=128[rain];"
	bush     = "[0:v]split[bq][bz];[bz]crop=120:150:430:60[bc];[bq][bc]overlay=x='430+5*sin(5*t)+3*sin(2.3*t)':y='60+2*sin(3*t)':eval=frame"
	// a clock of 24 minutes that counts seconds, 20 pixels high
	digits = "testsrc=s=160x90:r=1,trim=start=1437,setpts=PTS-STARTPTS,fps=15,crop=64:26:80:32,scale=64:20,format=yuv420p[dc];"
)

var clipScenes = []clipScene{
	{"still", "nothing moves", "[0:v]" + sensor + "[v]", nil, 0},
	{"night", "nothing moves, a noisy night", "[0:v]noise=alls=25:allf=t[v]", nil, 0},
	{"light", "a lamp, a sunrise", "[0:v]eq=brightness='if(between(t,25,40),0.14,if(between(t,48,58),0.016*(t-48),0))':eval=frame," + sensor + "[v]", nil, 0},
	{"spot", "a lamp over half of the picture", "[0:v]vignette=a='if(between(t,25,40),PI/3,PI/8)':eval=frame," + sensor + "[v]", nil, 0},
	{"bush", "a bush in the wind", bush + "," + sensor + "[v]", nil, 0},
	{"clock", "a clock in the picture", digits + "[0:v][dc]overlay=x=560:y=8," + sensor + "[v]", nil, 180},
	{"rain", "rain begins", rain + "[0:v][rain]blend=all_mode=screen:all_opacity=0.2:enable='gte(t,20)'," + sensor + "[v]", nil, 0},
	{"person", "somebody crosses", walker("0:v", "p", 96, crossing, 190) + "[p]" + sensor + "[v]", []span{{25, 33}, {45, 50}}, 0},
	{"far", "somebody far", walker("0:v", "p", 36, "if(between(t,25,37),100+20*(t-25),-200)", 130) + "[p]" + sensor + "[v]", []span{{25, 37}}, 0},
	{"slow", "somebody hardly moves", walker("0:v", "p", 96, "if(between(t,25,45),150+6*(t-25),-200)", 190) + "[p]" + sensor + "[v]", []span{{25, 45}}, 0},
	{"rainperson", "somebody crosses in rain", rain + walker("0:v", "p", 96, crossing, 190) + "[p][rain]blend=all_mode=screen:all_opacity=0.2," + sensor + "[v]", []span{{25, 33}, {45, 50}}, 0},
	{"nightperson", "somebody crosses in a noisy night", walker("0:v", "p", 96, crossing, 190) + "[p]noise=alls=25:allf=t[v]", []span{{25, 33}, {45, 50}}, 0},
	walks("near", "people of 13 to 27 % of the height, 2 s to 4 s", 48, 60, 72, 84, 96),
	walks("small", "people of 10 to 12 % of the height, 2 s to 4 s", 36, 38, 40, 42, 44),
}

// walks is a scene of people of several heights, each in sight for 2.1 s (one
// key frame) to 4 s.
func walks(name, words string, heights ...int) clipScene {
	s := clipScene{name: name, words: words, seconds: 25 + 14*len(heights)}
	in := "0:v"
	for i, h := range heights {
		m := span{from: float64(25 + 14*i), to: float64(25+14*i) + 2.1 + 0.45*float64(i)}
		out := fmt.Sprintf("w%d", i)
		s.filter += walker(in, out, h, fmt.Sprintf("if(between(t,%g,%g),%d+%d*(t-%g),-200)", m.from, m.to, 40+110*i, 15+12*i, m.from), 130+40*(i%3))
		s.moves = append(s.moves, m)
		in = out
	}
	s.filter += "[" + in + "]" + sensor + "[v]"
	return s
}

var clipCoders = []struct{ name, args string }{
	{"vbr", "-c:v libx264 -preset veryfast -crf 28 -bf 0 -sc_threshold 0 -g 30"},
	{"abr", "-c:v libx264 -preset veryfast -b:v 300k -maxrate 400k -bufsize 600k -bf 0 -sc_threshold 0 -g 30"},
	{"cbr", "-c:v libx264 -preset veryfast -b:v 300k -minrate 300k -maxrate 300k -bufsize 150k -x264-params nal-hrd=vbr -bf 0 -sc_threshold 0 -g 30"},
	{"long", "-c:v libx264 -preset veryfast -crf 28 -bf 0 -g 300 -keyint_min 300 -sc_threshold 0"},
	{"refresh", "-c:v libx264 -preset veryfast -b:v 300k -maxrate 350k -bufsize 300k -bf 0 -g 300 -x264-params intra-refresh=1:keyint=90"},
	{"bframes", "-c:v libx264 -preset veryfast -crf 28 -bf 2 -g 30"},
	{"h265", "-c:v libx265 -preset ultrafast -crf 30 -x265-params log-level=none:bframes=0:keyint=30:min-keyint=30:scenecut=0"},
	{"h265cbr", "-c:v libx265 -preset ultrafast -b:v 300k -x265-params log-level=none:bframes=0:keyint=30:min-keyint=30:scenecut=0:vbv-maxrate=300:vbv-bufsize=150"},
}

// slowly is a clip of 5 pictures a second in place of 15, with as much for each.
var slowly = strings.NewReplacer("r=15", "r=5", "fps=15", "fps=5", "-g 30", "-g 10", "keyint=30", "keyint=10", "300k", "100k", "400k", "133k", "600k", "200k", "150k", "50k", "-g 300", "-g 100", "keyint_min 300", "keyint_min 100")

// encodeClip makes a scene's clip, Annex B, of clipFPS pictures a second or 5.
func encodeClip(t testing.TB, s clipScene, fps int, args string) []byte {
	t.Helper()
	pics := filepath.Join("..", "..", "internal", "testcam", "pictures")
	kind := "h264"
	if strings.Contains(args, "libx265") {
		kind = "hevc"
	}
	seconds := clipLength
	if s.seconds > 0 {
		seconds = s.seconds
	}
	filter := strings.Replace(s.filter, "[0:v]", "[a]", 1)
	copies := ""
	for i := range strings.Count(filter, "[1:v]") {
		filter = strings.Replace(filter, "[1:v]", fmt.Sprintf("[b%d]", i), 1)
		copies += fmt.Sprintf("[b%d]", i)
	}
	still := fmt.Sprintf("scale=640:360,format=yuv420p,loop=loop=-1:size=1,setpts=N/%d/TB,fps=%d", clipFPS, clipFPS)
	filter = "[0:v]" + still + "[a];" + filter
	if n := strings.Count(copies, "["); n > 0 {
		filter = fmt.Sprintf("[1:v]%s,split=%d%s;", still, n, copies) + filter
	}
	if fps != clipFPS {
		filter, args = slowly.Replace(strings.Replace(filter, "N/15/TB", "N/5/TB", -1)), slowly.Replace(args)
	}
	cmd := []string{"-v", "error", "-threads", "1", "-i", filepath.Join(pics, "yard.jpg"), "-i", filepath.Join(pics, "street.jpg")}
	cmd = append(cmd, "-filter_complex", filter, "-map", "[v]", "-t", fmt.Sprint(seconds), "-pix_fmt", "yuv420p")
	cmd = append(cmd, strings.Fields(args)...)
	cmd = append(cmd, "-f", kind, "-")
	var out, failed bytes.Buffer
	c := exec.Command("ffmpeg", cmd...)
	c.Stdout, c.Stderr = &out, &failed
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v %s", s.name, err, failed.String())
	}
	return out.Bytes()
}

// pictures cuts an Annex B stream at its pictures.
func pictures(hevc bool, stream []byte) (out []picture) {
	var q quantizer
	cur, open := picture{qp: -1}, false
	flush := func() {
		if open {
			out = append(out, cur)
		}
		cur, open = picture{qp: -1}, false
	}
	for _, nal := range units(stream) {
		if len(nal) < 3 {
			continue
		}
		first, key, coded := nal[1]&0x80 != 0, nal[0]&0x1f == 5, nal[0]&0x1f == 1 || nal[0]&0x1f == 5
		if hevc {
			kind := nal[0] >> 1 & 0x3f
			coded, first, key = kind < 32, nal[2]&0x80 != 0, kind >= 16 && kind < 24
		}
		if !hevc {
			if qp, ok := q.unit(nal); ok && (first || !open) {
				flush()
				cur.qp = qp
			}
		} else if coded && first {
			flush()
		}
		if coded {
			open = true
			cur.key = cur.key || key
			cur.bytes += len(nal)
		}
	}
	flush()
	return out
}

func units(b []byte) (out [][]byte) {
	start := -1
	for i := 0; i+3 <= len(b); i++ {
		if b[i] == 0 && b[i+1] == 0 && b[i+2] == 1 {
			if start >= 0 {
				end := i
				for end > start && b[end-1] == 0 {
					end--
				}
				out = append(out, b[start:end])
			}
			start = i + 3
			i += 2
		}
	}
	if start >= 0 {
		out = append(out, b[start:])
	}
	return out
}

const traceFile = "testdata/motion.txt.gz"

func writeTraces(t *testing.T, all []trace) {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	for _, tr := range all {
		fmt.Fprintf(z, "# %s %s\n", tr.scene, tr.coder)
		for _, p := range tr.pics {
			kind := "P"
			if p.key {
				kind = "K"
			}
			fmt.Fprintf(z, "%s %d %d\n", kind, p.bytes, p.qp)
		}
	}
	z.Close()
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(traceFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readTraces(t testing.TB) (all []trace) {
	t.Helper()
	raw, err := os.ReadFile(traceFile)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			var tr trace
			fmt.Sscanf(line, "# %s %s", &tr.scene, &tr.coder)
			all = append(all, tr)
			continue
		}
		var kind string
		var p picture
		fmt.Sscanf(line, "%s %d %d", &kind, &p.bytes, &p.qp)
		p.key = kind == "K"
		all[len(all)-1].pics = append(all[len(all)-1].pics, p)
	}
	return all
}
