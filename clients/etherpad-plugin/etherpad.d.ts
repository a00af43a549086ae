// The types of what this plugin uses of Etherpad, whose code does not declare any.

declare module "ep_etherpad-lite/static/js/socketio" {
  interface Socket {
    emit(event: string, ...args: any[]): any;
    on(event: string, listener: (...args: any[]) => void): any;
    listeners(event: string): ((...args: any[]) => void)[];
  }

  const socketio: { connect: (url: string, namespace?: string, options?: object) => Socket };
  export = socketio;
}

interface Window {
  html10n: { get: (key: string, values?: object) => string };
}
