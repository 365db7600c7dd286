namespace AgentPki.Server.Demo.Stage;

/// <summary>A command of the story was interrupted, which is somebody's Ctrl-C and not its own end.</summary>
internal sealed class InterruptedException() : OperationCanceledException("A command was interrupted.");
