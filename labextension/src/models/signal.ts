// Something that changes, and those who want to know.

export class Signal {
  /** Be told of every change; returns what ends that. */
  connect(told: () => void): () => void {
    this._told.add(told);
    return () => this._told.delete(told);
  }

  emit(): void {
    for (const told of [...this._told]) {
      told();
    }
  }

  private _told = new Set<() => void>();
}
