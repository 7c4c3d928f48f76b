// Candidates of many rooms in one small process: real tracks and messages, sound that was coded beforehand.
//
// Reads one JSON document from its input (see order), joins every room, answers whenever it is the candidate's turn
// and the interviewer has been quiet for 0.3 s, and writes one line of JSON a room as each interview ends. Answers as
// benchmarks/rooms/candidate.py does; but what comes is not decoded: a packet that is longer than silence needs is
// sound, at the moment it arrives.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

const (
	packetTime   = 20 * time.Millisecond
	quietTime    = 300 * time.Millisecond
	soundBytes   = 24 // Opus needs 3 bytes for silence, 8 for comfort noise
	interviewMax = 5 * time.Minute
)

// Opus' packet of 20 ms of nothing.
var silence = []byte{0xF8, 0xFF, 0xFE}

type order struct {
	URL         string   `json:"url"`
	Tokens      []string `json:"tokens"`
	StaggerMs   int      `json:"stagger_ms"`
	StateTopic  string   `json:"state_topic"`
	Interviewer string   `json:"interviewer"`
	Packets     [][]byte `json:"packets"` // of 20 ms; the answer ends with the last one
	LastMs      float64  `json:"last_ms"` // how much of the last packet is speech
}

type state struct {
	Phase          string `json:"phase"`
	QuestionNumber int    `json:"question_number"`
	Text           string `json:"text"`
}

type told struct {
	Room         int       `json:"room"`
	Event        string    `json:"event"` // begun or ended
	RepliesMs    []float64 `json:"replies_ms,omitempty"`
	OverlapCount int       `json:"overlap_count"`
	Problem      string    `json:"problem,omitempty"`
}

type candidate struct {
	mu           sync.Mutex
	order        *order
	heardAt      time.Time // the last sound of the interviewer
	saidAt       time.Time // the end of an answer whose reply has not come; zero when there is none
	isSpeaking   bool
	isOverlapped bool
	isWanted     bool // an answer, as soon as it is quiet
	answered     state
	told         told
	begun        func()
	over         chan string
}

func main() {
	var wanted order
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(2)
	}
	logger.InitFromConfig(&logger.Config{Level: "error"}, "crowd")
	out := json.NewEncoder(os.Stdout)
	var outMu, waiting = sync.Mutex{}, sync.WaitGroup{}
	say := func(what told) {
		outMu.Lock()
		defer outMu.Unlock()
		_ = out.Encode(what)
	}
	for room, token := range wanted.Tokens {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			time.Sleep(time.Duration(room*wanted.StaggerMs) * time.Millisecond)
			someone := &candidate{order: &wanted, over: make(chan string, 8)}
			someone.begun = sync.OnceFunc(func() { say(told{Room: room, Event: "begun"}) })
			problem := someone.hold(wanted.URL, token)
			someone.mu.Lock()
			result := someone.told
			someone.mu.Unlock()
			result.Room, result.Event, result.Problem = room, "ended", problem
			say(result)
		}()
	}
	waiting.Wait()
}

// hold is one interview, to its end; it returns what went wrong.
func (c *candidate) hold(url, token string) string {
	callback := &lksdk.RoomCallback{
		OnDisconnected: func() { c.over <- "" },
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, who *lksdk.RemoteParticipant) {
				if who.Identity() == c.order.Interviewer {
					go c.listen(track)
				}
			},
			OnDataPacket: func(packet lksdk.DataPacket, _ lksdk.DataReceiveParams) {
				if message, ok := packet.(*lksdk.UserDataPacket); ok && message.Topic == c.order.StateTopic {
					c.read(message.Payload)
				}
			},
		},
	}
	room, err := lksdk.ConnectToRoomWithToken(url, token, callback)
	if err != nil {
		return err.Error()
	}
	defer room.Disconnect()
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2})
	if err != nil {
		return err.Error()
	}
	options := &lksdk.TrackPublicationOptions{Name: "microphone", Source: livekit.TrackSource_MICROPHONE}
	if _, err = room.LocalParticipant.PublishTrack(track, options); err != nil {
		return err.Error()
	}
	stop := make(chan struct{})
	defer close(stop)
	go c.speak(track, stop)
	select {
	case problem := <-c.over:
		return problem
	case <-time.After(interviewMax):
		return "did not end"
	}
}

func (c *candidate) read(payload []byte) {
	var now state
	if json.Unmarshal(payload, &now) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	turn := state{QuestionNumber: now.QuestionNumber, Text: now.Text}
	switch now.Phase {
	case "interviewer":
		c.answered = state{} // whatever is asked now is answered, also when it is the same again
		c.begun()
	case "your_turn":
		if turn != c.answered {
			c.answered, c.isWanted = turn, true
		}
	case "ended":
		c.over <- ""
	case "refused":
		c.over <- "refused"
	}
}

func (c *candidate) listen(track *webrtc.TrackRemote) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if len(packet.Payload) < soundBytes {
			continue
		}
		c.mu.Lock()
		c.heardAt = time.Now()
		c.isOverlapped = c.isOverlapped || c.isSpeaking
		if !c.saidAt.IsZero() {
			c.told.RepliesMs = append(c.told.RepliesMs, float64(c.heardAt.Sub(c.saidAt).Microseconds())/1000)
			c.saidAt = time.Time{}
		}
		c.mu.Unlock()
	}
}

// speak sends a packet every 20 ms: of the answer while there is one, else of silence.
func (c *candidate) speak(track *lksdk.LocalTrack, stop chan struct{}) {
	next, due := 0, time.Now()
	for {
		due = due.Add(packetTime)
		select {
		case <-stop:
			return
		case <-time.After(time.Until(due)):
		}
		data := silence
		c.mu.Lock()
		if next == 0 && c.isWanted && time.Since(c.heardAt) >= quietTime {
			c.isWanted, c.isSpeaking, c.isOverlapped = false, true, false
		}
		if c.isSpeaking {
			data = c.order.Packets[next]
			if next++; next == len(c.order.Packets) {
				next, c.isSpeaking = 0, false
				if c.isOverlapped {
					c.told.OverlapCount++
				} else {
					// what is sent now was said in the 20 ms before
					c.saidAt = time.Now().Add(-packetTime + time.Duration(c.order.LastMs*float64(time.Millisecond)))
				}
			}
		}
		c.mu.Unlock()
		_ = track.WriteSample(media.Sample{Data: data, Duration: packetTime}, nil)
	}
}
