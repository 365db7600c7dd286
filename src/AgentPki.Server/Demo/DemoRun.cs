using AgentPki.Server.Cli;
using AgentPki.Server.Demo.Stage;

namespace AgentPki.Server.Demo;

/// <summary><c>agentpki demo</c>: makes the stage, has the story told on it, proves it from what is left, and clears up.</summary>
/// <param name="folder">Where its state goes, an empty folder or none yet; null: a new one among the temporary files.</param>
/// <param name="keep">Whether its state stays.</param>
internal sealed class DemoRun(CommandContext context, string? folder, bool keep)
{
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var place = DemoPlace.Make(folder is null ? null : Path.GetFullPath(folder, context.WorkingFolder));
        var isOver = false;
        try
        {
            var programs = new Programs(place);
            var variables = programs.Variables;
            var inside = context with { Variable = name => variables.GetValueOrDefault(name), WorkingFolder = place.Root };
            var teller = new DemoTeller(context, place);
            var person = new Operator(inside, teller);
            teller.Begin();
            TimeSpan slowest;
            await using (var stage = new DemoStage(place, programs, context.Clock))
            {
                slowest = await new DemoStory(place, programs, stage, person, teller, context.Clock).TellAsync(cancellationToken);
            }

            await new DemoProof(inside, place, person, teller).ShowAsync(cancellationToken);
            teller.End(slowest, keep);
            isOver = true;
            return ExitCodes.Success;
        }
        catch (Exception end) when (end is InterruptedException || cancellationToken.IsCancellationRequested)
        {
            // Interrupted: whatever did not work then is no step that went otherwise.
            isOver = true;
            throw new OperationCanceledException(end.Message, end, cancellationToken);
        }
        catch (OperationCanceledException late)
        {
            throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: something did not answer in time ({late.Message})", "The logs say more.", late);
        }
        finally
        {
            Clear(place, isOver);
        }
    }

    // What went wrong is there to be looked at.
    private void Clear(DemoPlace place, bool isOver)
    {
        if (isOver && !keep)
        {
            Directory.Delete(place.Root, recursive: true);
        }
        else if (!isOver)
        {
            context.Terminal.Warn($"What was there lies in {place.Root}, what everybody said in {Path.GetDirectoryName(place.LogOf("x"))}.");
        }
    }
}
