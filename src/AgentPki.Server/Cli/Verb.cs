using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli;

/// <summary>A command whose <c>--help</c> ends with examples that work when pasted.</summary>
#pragma warning disable CA1010 // System.CommandLine's commands enumerate their symbols without the generic interface.
public sealed class Verb : Command
#pragma warning restore CA1010
{
    public Verb(string name, string description, params IReadOnlyList<string> examples)
        : base(name, description) => Examples = examples;

    public IReadOnlyList<string> Examples { get; }

    /// <summary>Adds options, arguments or sub-commands, fluently.</summary>
    public Verb With(params ReadOnlySpan<Symbol> symbols)
    {
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Option option:
                    Add(option);
                    break;
                case Argument argument:
                    Add(argument);
                    break;
                case Command command:
                    Add(command);
                    break;
                default:
                    throw new ArgumentException($"{symbol.GetType().Name} cannot be part of a command.", nameof(symbols));
            }
        }

        return this;
    }

    public Verb Runs(Func<ParseResult, CancellationToken, Task<int>> action)
    {
        SetAction(action);
        return this;
    }

    /// <summary>Runs with a connection to the appliance that serves the home.</summary>
    public Verb Asks(CommandContext context, Func<AdminConnection, ParseResult, CancellationToken, Task<int>> action) => Runs(async (parsed, cancellationToken) =>
    {
        using var admin = new AdminConnection(context);
        return await action(admin, parsed, cancellationToken);
    });

    /// <summary>The stock help, then the examples of the command it was asked for.</summary>
    internal sealed class HelpWithExamples(HelpAction stock) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var result = stock.Invoke(parseResult);
            if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
            {
                var output = parseResult.InvocationConfiguration.Output;
                output.WriteLine("Examples:");
                foreach (var example in verb.Examples)
                {
                    output.WriteLine($"  {example}");
                }

                output.WriteLine();
            }

            return result;
        }
    }
}
