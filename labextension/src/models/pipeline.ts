// A pipeline as it is looked at: its graph, what a run would do, and how a run stands.
import { problemOf } from './host';
import { INodeStatus, IPipelineGraph, IPipelineNode, IPipelinePast, IPipelineStatus, IPlanStep, IStageLog, IStageResult } from './wire';
import { IProblem } from './shapes';
import { Signal } from './signal';
import { PIPELINE } from './pipeline_strings';
import { printed } from './printed';

/** What is asked of the stages of a run. */
export interface IRunWish {
  stages?: string[];
  /** Execute this stage and all that need it anew. */
  start?: string;
  /** Go on with this run. */
  resume?: string;
}

/** A run that was begun. */
export interface IBegunRun {
  /** Resolves at its end, with what went wrong where it could not begin. */
  ended: Promise<IProblem | null>;
}

/** Where pipelines are read and run. */
export interface IPipelineDoor {
  /** Runs changed, here or elsewhere. */
  readonly changed: Signal;
  graph(profile: string): Promise<IPipelineGraph>;
  plan(profile: string): Promise<IPlanStep[]>;
  status(run: string): Promise<IPipelineStatus>;
  past(): Promise<IPipelinePast[]>;
  log(run: string, node: string, start: number): Promise<IStageLog>;
  result(run: string): Promise<IStageResult>;
  run(profile: string, wish: IRunWish): Promise<IBegunRun>;
  /** The run that this reader began, here or in another tab, and that goes on. */
  rejoin(): Promise<IBegunRun | null>;
  cancel(): Promise<void>;
  openRun(run: string): void;
  openNotebook(path: string): void;
  openText(): void;
}

/** What stands in a box. */
export interface ILook {
  /** Class and mark: a phase of a run, or what a run would do. */
  kind: string;
  text: string;
  why: string;
}

const TICK_MS = 1000;
const NOTHING: IPipelineGraph = { name: '', description: '', profiles: [], nodes: [], arrows: [], width: 0, height: 0, box_height: 0, problems: [], says: '' };
const NO_RUN: IPipelineStatus = { run: '', state: '', began_ms: 0, ended_ms: 0, nodes: [] };

/** What `shown` is when no run is: what a run would do. */
export const PLAN = '';

export class Pipeline {
  readonly changed = new Signal();
  graph = NOTHING;
  steps: IPlanStep[] = [];
  past: IPipelinePast[] = [];
  status = NO_RUN;
  profile = '';
  /** The run that is looked at; PLAN for none. */
  shown = PLAN;
  chosen = '';
  log = '';
  result: IStageResult | null = null;
  problem: IProblem | null = null;
  isPlanning = false;
  /** A run that was begun here has not ended. */
  isOurs = false;
  /** It was asked to end; a cell that does not listen is given a while. */
  isCancelling = false;

  constructor(readonly door: IPipelineDoor) {
    this._disconnect = door.changed.connect(() => void this._look());
    void this._open();
  }

  dispose(): void {
    this._isDisposed = true;
    this._disconnect();
    clearTimeout(this._timer);
  }

  get isRunning(): boolean {
    return this.status.state === 'running';
  }

  /** A run that can be gone on with: what is done of it is not done again. */
  get retryable(): string {
    return ['failed', 'stopped', 'killed'].includes(this.status.state) && !this.isOurs ? this.status.run : '';
  }

  get node(): IPipelineNode | undefined {
    return this.graph.nodes.find(it => it.id === this.chosen);
  }

  step(id: string): IPlanStep | undefined {
    return this.steps.find(it => it.id === id);
  }

  state(id: string): INodeStatus | undefined {
    return this.shown === PLAN ? undefined : this.status.nodes.find(it => it.id === id);
  }

  /** What a box says. */
  look(id: string, nowMs: number): ILook {
    const state = this.state(id);
    if (state) {
      return { kind: state.phase.replace(' ', '-'), text: PIPELINE.phase(state, nowMs, this.isRunning), why: state.reason };
    }
    if (this.shown !== PLAN) {
      return { kind: 'none', text: PIPELINE.notWanted, why: '' };
    }
    const step = this.step(id);
    return step ? { kind: step.action, text: PIPELINE.actions[step.action], why: step.reasons.join('; ') } : { kind: 'none', text: '', why: '' };
  }

  /** The file changed, or another profile is wanted: draw it anew. */
  async read(profile = this.profile): Promise<void> {
    this.profile = profile;
    await this._try(async () => {
      const graph = await this.door.graph(profile);
      this.graph = graph.problems.length && this.graph.nodes.length ? { ...this.graph, problems: graph.problems } : graph;
      if (!this.node) {
        this.chosen = '';
      }
    });
    await this.plan();
  }

  /** Ask what a run would do. */
  async plan(): Promise<void> {
    if (this.graph.problems.length) {
      return;
    }
    this.isPlanning = true;
    this.changed.emit();
    await this._try(async () => {
      this.steps = await this.door.plan(this.profile);
    });
    this.isPlanning = false;
    this.changed.emit();
  }

  async show(run: string): Promise<void> {
    this.shown = run;
    this._forgetLog();
    if (run === PLAN) {
      await this.plan();
    } else {
      await this._look();
    }
  }

  async choose(id: string): Promise<void> {
    this.chosen = id === this.chosen ? '' : id;
    this._forgetLog();
    this.changed.emit();
    await this._look();
  }

  async run(wish: IRunWish): Promise<void> {
    this.problem = null;
    this._isAwaited = true;
    await this._follow(() => this.door.run(this.profile, wish));
  }

  async cancel(): Promise<void> {
    this.isCancelling = true;
    this.changed.emit();
    await this._try(async () => {
      try {
        await this.door.cancel();
      } catch (error) {
        this.isCancelling = false;
        throw error;
      }
    });
  }

  /** Stay with a run of ours until it ends. */
  private async _follow(begin: () => Promise<IBegunRun>): Promise<void> {
    this.isOurs = true;
    this.changed.emit();
    this._tick();
    await this._try(async () => {
      this.problem = await (await begin()).ended;
    });
    this.isOurs = this.isCancelling = this._isAwaited = false;
    await this._look();
    await this.plan();
  }

  private async _open(): Promise<void> {
    await this._try(async () => {
      this.past = await this.door.past();
    });
    const last = this.past[0];
    if (last && last.state !== 'finished') {
      this.shown = last.run;
    }
    await this.read();
    await this._look();
    await this._try(async () => {
      const begun = await this.door.rejoin();
      if (begun && !this.isOurs) {
        void this._follow(() => Promise.resolve(begun));
      }
    });
  }

  /** How the run stands that is looked at; one that began meanwhile is looked at instead. */
  private async _look(): Promise<void> {
    if (this._isLooking || this._isDisposed) {
      this._isWanted = true;
      return;
    }
    this._isLooking = true;
    this._isWanted = false;
    await this._try(async () => {
      const last = await this.door.status('last');
      const isNew = last.run !== '' && last.run !== this.past[0]?.run;
      if (isNew || last.state !== this.past[0]?.state) {
        this.past = await this.door.past();
      }
      if ((isNew && (this.isOurs || last.state === 'running')) || (this._isAwaited && last.state === 'running')) {
        this._isAwaited = false;
        if (this.shown !== last.run) {
          this.shown = last.run;
          this._forgetLog();
        }
      }
      this.status = this.shown === PLAN || this.shown === last.run ? last : await this.door.status(this.shown);
      await this._readLog();
    });
    this._isLooking = false;
    this.changed.emit();
    if (this._isWanted) {
      void this._look();
    } else {
      this._tick();
    }
  }

  private async _readLog(): Promise<void> {
    const { chosen } = this;
    const state = this.state(chosen);
    if (!state || state.phase === 'waiting' || state.phase === 'skipped') {
      return;
    }
    const piece = await this.door.log(this.status.run, chosen, this._read);
    if (chosen !== this.chosen) {
      return;
    }
    this._raw = (piece.start > this._read ? PIPELINE.cut : this._raw) + piece.text;
    this._read = piece.end;
    this.log = printed(this._raw);
    const key = `${state.run} ${state.phase}`;
    if (state.run && key !== this._judged && state.phase !== 'running') {
      this._judged = key;
      this.result = await this.door.result(state.run);
    }
  }

  private _forgetLog(): void {
    this.log = this._raw = this._judged = '';
    this._read = 0;
    this.result = null;
  }

  /** Look again soon while something runs; events tell of the rest. */
  private _tick(): void {
    clearTimeout(this._timer);
    if ((this.isRunning || this.isOurs) && !this._isDisposed) {
      this._timer = setTimeout(() => void this._look(), TICK_MS);
    }
  }

  private async _try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.problem = problemOf(error);
    }
    if (!this._isDisposed) {
      this.changed.emit();
    }
  }

  private _raw = '';
  private _read = 0;
  private _judged = '';
  private _isAwaited = false;
  private _isLooking = false;
  private _isWanted = false;
  private _isDisposed = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _disconnect: () => void;
}
