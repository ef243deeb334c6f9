// A canvas that is as sharp as the screen and draws itself again when its size or the theme changes.
import { VNode } from 'preact';
import { useEffect, useReducer, useRef } from 'preact/hooks';

import { IInk, ink } from '../charts/colours';
import { useSize } from './hooks';
import { recoloured } from './theme';

interface IProps {
  height: number;
  label: string;
  draw(context: CanvasRenderingContext2D, size: { width: number; height: number; ink: IInk; isDark: boolean }): void;
  onMove?(x: number, y: number, width: number): void;
  onLeave?(): void;
  onDown?(x: number, y: number, width: number, event: PointerEvent): void;
  onUp?(x: number, y: number, width: number): void;
}

export function Canvas({ height, label, draw, onMove, onLeave, onDown, onUp }: IProps): VNode {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => recoloured.connect(() => again(undefined)), []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || !width) {
      return;
    }
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '11px system-ui, sans-serif';
    draw(context, { width, height, ink: ink(element), isDark: element.closest('.nbt-dark') !== null });
  });
  const at = (event: PointerEvent, told?: (x: number, y: number, width: number, event: PointerEvent) => void): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    told?.(event.clientX - box.left, event.clientY - box.top, box.width, event);
  };
  return (
    <div ref={ref} class="nbt-canvas-place" style={{ height }}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        onPointerMove={event => at(event, onMove)}
        onPointerLeave={onLeave}
        onPointerDown={event => {
          if (onUp) {
            event.currentTarget.setPointerCapture(event.pointerId);
          }
          at(event, onDown);
        }}
        onPointerUp={event => at(event, onUp)}
      />
    </div>
  );
}
