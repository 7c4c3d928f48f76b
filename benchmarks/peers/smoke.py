import asyncio, sys, json
from benchmarks.peers.emulator import make_emulator
from benchmarks.peers.environments import cache_folder
from benchmarks.peers.runs import run_engine
from benchmarks.peers.utterances import open_sounds
sounds = open_sounds(cache_folder()/"sounds")
async def main():
    em = make_emulator(sounds, opening_ms=900, rest_ms=800)
    async with em.deepgram, em.openai:
        n=int(sys.argv[3]) if len(sys.argv)>3 else 3
        job={"sounds": str(cache_folder()/"sounds"), "answers":[f"answer-{i}" for i in range(n)]}
        run = await run_engine(sys.argv[1], sys.argv[2], job, em, 60)
        if run:
            r=run.record
            print({k:v for k,v in r.items() if k not in("said","handed","heard","decided")}, run.ready_s)
            for s in r["said"]:
                t=s["end_s"]
                print(s["sound"], [round(1000*(h-t)) for h in r["handed"] if s["onset_s"]<h<t+9][:1], "decided",[round(1000*(h-t)) for h in r["decided"] if -5<h-t<4][:3], "heard",[[round(1000*(a-t)),round(1000*(b-t))] for a,b in r["heard"] if -3<a-t<5], "chat",[(round(1000*(c.arrived_s-t)),round(1000*(c.opening_s-t))) for c in run.log.chats if -3<c.arrived_s-t<4],"tts",[(round(1000*(c.arrived_s-t)),round(1000*(c.first_byte_s-t)),c.text[:20]) for c in run.log.speeches if -3<c.arrived_s-t<4])
    print(em.violations[:5])
asyncio.run(main())
