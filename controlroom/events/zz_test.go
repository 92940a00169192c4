package events
import ("testing";"os")
func TestZZ(t *testing.T){ for _,s:=range clipScenes { for _,c:=range clipCoders { if (s.name=="person"||s.name=="still"||s.name=="slow"||s.name=="light"||s.name=="far") && (c.name=="vbr"||c.name=="cbr"||c.name=="long") { os.WriteFile("/tmp/ev/"+s.name+"."+c.name+".h264", encodeClip(t,s,60,c.args),0o644) } } } }
