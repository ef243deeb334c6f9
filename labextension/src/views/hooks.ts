// How a view follows what it shows.
import { RefObject } from 'preact';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';

import { IHost, problemOf, Refusal } from '../models/host';
import { Compare } from '../models/compare';
import { IProblem, IQuestions, Question } from '../models/shapes';

/** Draw again whenever a comparison changes. */
export function useCompare(compare: Compare): void {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => compare.changed.connect(() => draw(undefined)), [compare]);
}

export interface IAnswered<T, A = unknown> {
  /** The last answer; of an earlier question while the new one is under way. */
  answer: T | null;
  /** What was asked for it. */
  of: A | null;
  problem: IProblem | null;
  isWaiting: boolean;
}

/** The answer to a question; asked again when the question or the data changes. `ask` null asks nothing. */
export function useAnswer<Q extends Question>(host: IHost, question: Q, ask: IQuestions[Q]['ask'] | null): IAnswered<IQuestions[Q]['answer'], IQuestions[Q]['ask']> {
  const [state, set] = useState<IAnswered<IQuestions[Q]['answer'], IQuestions[Q]['ask']>>({ answer: null, of: null, problem: null, isWaiting: ask !== null });
  const key = JSON.stringify([ask, host.runs.as_of_ms]);
  useEffect(() => {
    if (!ask) {
      return;
    }
    let isCurrent = true;
    set(before => ({ ...before, isWaiting: true }));
    const take = (answer: unknown): void => {
      if (isCurrent) {
        set({ answer: answer as IQuestions[Q]['answer'], of: ask, problem: null, isWaiting: false });
      }
    };
    const fail = (error: unknown): void => {
      if (isCurrent) {
        set(before => ({ ...before, problem: problemOf(error), isWaiting: false }));
        void (error instanceof Refusal ? error.later?.then(take, fail) : undefined);
      }
    };
    void host.ask(question, ask).then(take, fail);
    return () => {
      isCurrent = false;
    };
  }, [host, question, key]);
  return state;
}

const REST_MS = 350;

/** The value once it has not changed for a moment: what follows from it may take the kernel seconds, and somebody is typing. */
export function useRested<T>(value: T): T {
  const [rested, rest] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => rest(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

/** Width and height of an element, kept up to date. */
export function useSize<T extends HTMLElement>(): [RefObject<T>, { width: number; height: number }] {
  const ref = useRef<T>(null);
  const [size, set] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (!element) {
      return;
    }
    const observer = new ResizeObserver(() => set({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}

// Each widget of a page loads a copy of this file: what is counted here is not enough to tell their ids apart
const OWN = Math.random().toString(36).slice(2, 8);
let lastId = 0;

/** An id that nothing else in the page has, for labels. */
export function useId(name: string): string {
  return useState(() => `nbt-${name}-${OWN}-${++lastId}`)[0];
}
