using System.CommandLine;
using System.CommandLine.Help;
using AgentPki.Server.Administration;
using AgentPki.Server.Cli.Commands;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli;

public static class CommandLine
{
    // Longer than the drain of the service: the last batch is committed and a checkpoint signed.
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(25);

    private static readonly Option<string?> AsOption = new("--as") { Description = $"PEM file with your administrator's certificate, its chain and its key. Also ${AdminIdentity.Variable}.", Recursive = true };
    private static readonly Option<string?> CommentOption = new("--comment") { Description = "What the second person is told, where one is wanted.", Recursive = true };

    public static RootCommand Create(CommandContext context)
    {
        var root = new RootCommand("AgentPki: cryptographic identities for AI agents, with the CA keys in PKCS#11 hardware.")
        {
            UpCommand.Create(context),
            DemoCommand.Create(context),
            ServeCommand.Create(context),
            UnlockCommand.Create(context),
            UnlockCommand.CreateLock(context),
            CeremonyCommand.Create(context),
            OfficerCommand.Create(context),
            InitCommand.Create(context),
            DoctorCommand.Create(context),
            AlgorithmsCommand.Create(context),
            StatusCommand.Create(context),
            CertificateCommand.Create(context),
            RevokeCommand.Create(context),
            ReleaseCommand.Create(context),
            GuardCommand.Create(context),
            SpiffeCommand.Create(context),
            WitnessCommand.Create(context),
            RevocationCommand.Create(context),
            AgentCommand.Create(context),
            OwnerCommand.Create(context),
            RegistryCommand.Create(context),
            WatchCommand.Create(context),
            CredentialCommand.Create(context),
            DelegateCommand.Create(context),
            InspectCommand.Create(context),
            AcmeCommand.Create(context),
            ApprovalCommand.Create(context),
            AdminCommand.Create(context),
            RequestCommand.Create(context),
            ProfileCommand.Create(context),
            PolicyCommand.Create(context),
            AdjustCommand.Create(context),
            DecisionsCommand.Create(context),
            MigrateCommand.Create(context),
            AuditCommand.Create(context),
            BackupCommand.Create(context),
            RestoreCommand.Create(context),
            AdoptCommand.Create(context),
            VersionCommand.Create(context),
        };
        root.Add(AsOption);
        root.Add(CommentOption);
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new Verb.HelpWithExamples((HelpAction)help.Action!);
        }

        return root;
    }

    public static async Task<int> RunAsync(string[] args, CommandContext context)
    {
        var exitCode = await InvokeAsync(args, context);
        if (exitCode != ExitCodes.Success || context.Terminal.OutputFailure is not { } lost)
        {
            return exitCode;
        }

        context.Terminal.Fail($"Standard output took not everything: {lost.Message}", "What it holds is incomplete.");
        return ExitCodes.Environment;
    }

    private static async Task<int> InvokeAsync(string[] args, CommandContext context)
    {
        HomeFolder.CloseToOthers();
        var parsed = Create(context).Parse(args);
        if (parsed.GetValue(AsOption) is not null || parsed.GetValue(CommentOption) is not null)
        {
            // What was said on the command line goes before the environment.
            var (identity, comment, outer) = (parsed.GetValue(AsOption), parsed.GetValue(CommentOption), context.Variable);
            context = context with { Variable = name => name == AdminIdentity.Variable ? identity ?? outer(name) : name == AdminConnection.CommentVariable ? comment ?? outer(name) : outer(name) };
            parsed = Create(context).Parse(args);
        }

        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
        {
            context.Terminal.Fail(Describe(parsed), $"Type 'agentpki {Path(parsed)}--help' for its use and examples.");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TerminationTimeout,
                Output = context.Terminal.RawOutput,
            });
        }
        catch (CommandException error)
        {
            context.Terminal.Fail(error.Message, error.Remedy);
            return error.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
#pragma warning disable CA1031 // The one place of the command line that catches all: a defect becomes one line, not a stack trace.
        catch (Exception error)
#pragma warning restore CA1031
        {
            context.Terminal.Fail($"Unexpected: {error.GetType().Name}: {error.Message}", "This is a defect; run it again with AGENTPKI_TRACE=1 and report what it prints.");
            if (context.Variable("AGENTPKI_TRACE") is { Length: > 0 })
            {
                context.Terminal.Error.Write(new Spectre.Console.Text(error + Environment.NewLine));
            }

            return ExitCodes.Internal;
        }
    }

    private static string Describe(ParseResult parsed) =>
        parsed is { CommandResult.Command.Subcommands.Count: > 0, UnmatchedTokens: [var unknown, ..] } ? $"'{unknown}' is not a command here." : parsed.Errors[0].Message;

    private static string Path(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? result = parsed.CommandResult; result is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } command; result = result.Parent)
        {
            names.Insert(0, command.Command.Name);
        }

        return string.Concat(names.Select(n => n + " "));
    }
}
