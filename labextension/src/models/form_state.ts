// A form for a notebook's parameters while it is filled in: what is wrong is known before anything runs.
import { chosen, count, Values } from './form';
import { problemOf } from './host';
import { IJobs } from './jobs';
import { Signal } from './signal';
import { IFieldProblem, IJob, IParameter, IParameterForm, IProblem, IStageForm } from './wire';

/** Where a form reads and runs. */
export interface IFormDoor {
  /** The notebook's parameters changed. */
  readonly changed: Signal;
  readonly jobs: IJobs;
  /** Of the notebook, below the server's root. */
  readonly path: string;
  read(profile: string): Promise<IParameterForm>;
  /** What is wrong with values; of a stage, with those of its pipeline's params. */
  check(stage: IStageForm | null, values: Values, profile: string): Promise<IFieldProblem[]>;
  run(stage: IStageForm | null, values: Values, atOnce: number, profile: string): Promise<IJob>;
  openRun(run: string): void;
  openNotebook(): void;
  openPipeline(file: string): void;
}

const PAUSE_MS = 250;
/** The notebook alone, in place of a stage. */
export const ALONE = -1;

export class Form {
  readonly changed = new Signal();
  asked: IParameterForm | null = null;
  problem: IProblem | null = null;
  isGrid = false;
  atOnce = 2;
  /** Which of the stages is run; ALONE for none. */
  target = ALONE;
  /** Of the pipeline; empty for none. */
  profile = '';
  /** What is wrong, by the name of the field. */
  mistakes = new Map<string, string>();
  isBeginning = false;

  constructor(
    readonly door: IFormDoor,
    private _isStageWanted = false
  ) {
    this._disconnect = door.changed.connect(() => void this.read());
    void this.read();
  }

  dispose(): void {
    this._disconnect();
    clearTimeout(this._timer);
  }

  get stage(): IStageForm | null {
    return this.asked?.stages[this.target] ?? null;
  }

  get fields(): IParameter[] {
    return this.stage?.params ?? this.asked?.parameters ?? [];
  }

  get values(): Values {
    return chosen(this.fields, this._texts, this.isGrid);
  }

  get total(): number {
    return count(this.values);
  }

  get isTooLarge(): boolean {
    return this.total > (this.asked?.most ?? Infinity);
  }

  /** It was opened to run a stage, and the notebook is none. */
  get isNoStage(): boolean {
    return this._isStageWanted && this.asked !== null && this.asked.stages.length === 0;
  }

  /** What was typed; undefined for a field that was not touched. */
  text(name: string): string | undefined {
    return this._texts[name];
  }

  type(name: string, text: string): void {
    this._texts[name] = text;
    this._checks += 1; // what is on its way is about another text
    this.mistakes.delete(name); // what was wrong is no more; what is now is found soon, and before anything runs
    this._checkSoon();
    this.changed.emit();
  }

  set(facts: { isGrid?: boolean; atOnce?: number; target?: number }): void {
    if (facts.target !== undefined && facts.target !== this.target) {
      this.target = facts.target;
      this.isGrid = false;
      this._texts = {};
    } else if (facts.isGrid !== undefined && facts.isGrid !== this.isGrid) {
      this.isGrid = facts.isGrid;
      this._texts = {}; // a text means another thing now
    }
    this.atOnce = facts.atOnce ?? this.atOnce;
    this._checkSoon();
    this.changed.emit();
  }

  /** Take the values of another profile; what was typed stays. */
  async choose(profile: string): Promise<void> {
    this.profile = profile;
    await this.read();
  }

  /** Somebody asks for the form again, for a stage or for the notebook alone. */
  prefer(isStage: boolean): void {
    this._isStageWanted = isStage;
    this.set({ target: isStage && this.asked?.stages.length ? 0 : ALONE });
  }

  /** Read anew what the notebook takes; what was typed stays. */
  async read(): Promise<void> {
    try {
      const isFirst = this.asked === null;
      const asked = await this.door.read(this.profile);
      if (this.profile && !asked.profiles.includes(this.profile)) {
        return await this.choose(''); // the file has it no more
      }
      this.asked = asked;
      this.problem = null;
      if (isFirst && this._isStageWanted && this.asked.stages.length) {
        this.target = 0;
      }
      if (this.target >= this.asked.stages.length) {
        this.target = ALONE;
      }
      this._checkSoon();
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.changed.emit();
  }

  /** Begin what the form says, unless something is wrong with it; gives the job. */
  async run(): Promise<IJob | null> {
    clearTimeout(this._timer);
    this.problem = null;
    this.isBeginning = true;
    this.changed.emit();
    try {
      return (await this._check()) ? await this.door.run(this.stage, this.values, this.atOnce, this.profile) : null;
    } catch (error) {
      this.problem = problemOf(error);
      return null;
    } finally {
      this.isBeginning = false;
      this.changed.emit();
    }
  }

  private _checkSoon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      // A server that is gone for the moment finds no mistakes; whoever runs it is told
      this._check().catch(() => undefined);
    }, PAUSE_MS);
  }

  private async _check(): Promise<boolean> {
    const number = ++this._checks;
    const { values } = this;
    const found = Object.keys(values).length ? await this.door.check(this.stage, values, this.profile) : [];
    if (number === this._checks) {
      this.mistakes = new Map(found.map(it => [it.name, it.text]));
      this.changed.emit();
    }
    return found.length === 0;
  }

  private _texts: Record<string, string> = {};
  private _checks = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _disconnect: () => void;
}
