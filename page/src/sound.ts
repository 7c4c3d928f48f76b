// The microphone before and during the interview: which there are, how loud it is, and a test tone.

export class Level {
  private context: AudioContext | undefined;
  private timer: number | undefined;

  constructor(
    private readonly meter: HTMLMeterElement,
    private readonly onLoud: () => void = () => {},
  ) {}

  follow(stream: MediaStream): void {
    this.stop();
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
      const dbfs = 20 * Math.log10(rms + 1e-6);
      this.meter.value = Math.max(0, Math.min(1, (dbfs + 60) / 50));
      if (dbfs > -40) this.onLoud();
    }, 100);
  }

  stop(): void {
    window.clearInterval(this.timer);
    void this.context?.close();
    this.context = undefined;
    this.meter.value = 0;
  }
}

export async function openMicrophone(deviceId: string): Promise<MediaStream> {
  const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (deviceId) audio.deviceId = { exact: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new Error(whyNot(error));
  }
}

/** What kept a microphone from opening, and what to do. */
function whyNot(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "The browser may not use the microphone. Allow it beside the address, then reload.";
  if (name === "NotFoundError") return "No microphone was found. Plug one in, then reload.";
  if (name === "NotReadableError") return "Another program holds the microphone. Close it, then reload.";
  return "The microphone cannot be opened. Choose another one, or reload.";
}

export async function microphones(): Promise<MediaDeviceInfo[]> {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "audioinput");
}

export function playTone(): void {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.setValueAtTime(0, context.currentTime);
  volume.gain.linearRampToValueAtTime(0.2, context.currentTime + 0.05);
  volume.gain.linearRampToValueAtTime(0, context.currentTime + 0.6);
  tone.frequency.value = 440;
  tone.connect(volume).connect(context.destination);
  tone.onended = () => void context.close();
  tone.start();
  tone.stop(context.currentTime + 0.6);
}
