using AgentPki.Server.Cli;

return await CommandLine.RunAsync(args, CommandContext.ForProcess());
