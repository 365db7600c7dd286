using AgentPki.Load;

return await new CommandLine().Build().Parse(args).InvokeAsync();
