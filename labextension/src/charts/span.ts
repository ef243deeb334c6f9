// The part of x that plots show together: moved by hand many times a second, settled once the hand rests.
import { Signal } from '../models/signal';

export type Range = [number, number];

const REST_MS = 140;

export class Span {
  /** Another part is shown, or the same one for good. */
  readonly changed = new Signal();
  /** Where it came to rest; null is all of x. */
  settled: (range: Range | null) => void = () => undefined;

  get range(): Range | null {
    return this._range;
  }

  /** Whether a hand moves it: what is drawn may be rough then, as long as it is there at once. */
  get isMoving(): boolean {
    return this._timer !== undefined;
  }

  /** Show another part, as often as the hand moves. */
  move(range: Range | null): void {
    this._range = range;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._timer = undefined;
      this.changed.emit();
      this.settled(this._range);
    }, REST_MS);
    this._frame ??= requestAnimationFrame(() => {
      this._frame = undefined;
      this.changed.emit();
    });
  }

  /** Show a part that was chosen elsewhere. */
  set(range: Range | null): void {
    if (String(range) !== String(this._range)) {
      this.stop();
      this._range = range;
      this.changed.emit();
    }
  }

  stop(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
  }

  private _range: Range | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _frame: number | undefined;
}
